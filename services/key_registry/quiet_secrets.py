"""Ends old secrets, and key pairs that others succeed, once nobody has used them for the time that was set.

What is not known to be unused does not end: calls are reported every few seconds, and nothing ends before the
registry and its database have been up for longer than that, so that what was counted meanwhile has arrived. A
credential that is stopped cannot be used, so that its time begins anew when it is resumed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.key_registry.admin.recorder import Recorder
from services.key_registry.catalog.effective_status import effective_status
from services.key_registry.catalog.field_types import format_instant, in_utc, instant
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import KEY_PAIR, RESOURCES, Row
from services.key_registry.catalog.versions import QuietSecret
from services.key_registry.retirements import ACTOR
from services.key_registry.storage.ports import Reader, Store, Writer
from shared.background_task import PeriodicTask
from shared.clock import Clock
from shared.errors import Unavailable

INTERVAL_S = 2.0
MARGIN_S = 15.0
"""Seconds within which calls are known here: five reports."""
MAX_GAP_S = 10.0
"""Seconds between two rounds after which it is not known that the registry was up in between."""
MAX_LOOKED_AT = 1000
"""In one round; those that were used last the longest ago first."""


class QuietSecrets:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._up_since: float | None = None
        """By the monotonic clock; None: not in the last round."""
        self._last_round = 0.0
        self.task = PeriodicTask("quiet_secrets", self.end_due, interval=INTERVAL_S)

    async def end_due(self) -> int:
        """How many have ended. Raises `Unavailable`."""
        try:
            async with self._store.reading() as reader:
                due = await self._due(reader)
        except Unavailable:
            self._up_since = None
            raise
        if not self._steady() or not due:
            return 0
        async with self._store.writing() as writer:
            due = await self._due(writer)  # who was used meanwhile is not among them
            for secret, row in due:
                await self._end(writer, secret, row)
        return len(due)

    def _steady(self) -> bool:
        now = self._clock.monotonic()
        if self._up_since is None or now - self._last_round > MAX_GAP_S:
            self._up_since = now
        self._last_round = now
        return now - self._up_since >= MARGIN_S

    async def _due(self, reader: Reader) -> Sequence[tuple[QuietSecret, Row]]:
        now, found = instant(self._clock.now()), []
        for secret in await reader.quiet(now, MARGIN_S, MAX_LOOKED_AT):
            resource = RESOURCES[secret.kind]
            row = await reader.find(resource, secret.credential_id)
            if row is not None and await _usable_for(reader, row, resource.belongs_to, secret.quiet_for, now):
                found.append((secret, row))
        return found

    async def _end(self, writer: Writer, secret: QuietSecret, row: Row) -> None:
        now = instant(self._clock.now())
        if secret.kind != "key_pair":  # its end is announced as that of any secret that retires
            version = next(
                v for v in (await writer.versions([row["id"]]))[row["id"]] if v.version == secret.version
            )
            await writer.update_version(row["id"], replace(version, retires_at=now))
            return
        changed = {**row, "retires_at": now}
        await writer.update(KEY_PAIR, changed)
        detail = {"retired_at": format_instant(now), "quiet_for": secret.quiet_for}
        await Recorder(self._clock).record(writer, ACTOR, Operation.RETIRE_VERSION, KEY_PAIR, changed, detail)


async def _usable_for(reader: Reader, row: Row, belongs_to: Sequence[Any], seconds: int, now: datetime) -> bool:
    """Whether the credential works, and has for so long: what is stopped cannot be used."""
    parents: dict[str, Mapping[str, Any]] = {}
    for kind in belongs_to:
        parent = None if row[f"{kind}_id"] is None else await reader.find(RESOURCES[kind], row[f"{kind}_id"])
        if parent is not None:
            parents[kind] = parent
    resumed = max(in_utc(one["status_at"]) for one in (row, *parents.values()))
    return effective_status(row, parents, now).status == "active" and resumed + timedelta(seconds=seconds) <= now
