"""Ends old secrets, and key pairs that others succeed, once nobody has used them for the time that was set.

What is not known to be unused does not end: every process says until when all its calls are counted, and when it
lost some. A credential that is stopped cannot be used, so that its time begins anew when it is resumed.
"""

from dataclasses import replace

from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import KEY_PAIR
from services.key_registry.catalog.versions import QuietSecret
from services.key_registry.housekeeping.retirements import ACTOR
from services.key_registry.ports.store import Store, Writer
from services.key_registry.recording.recorder import Recorder
from shared.background_task import PeriodicTask
from shared.clock import Clock

INTERVAL_S = 2.0
MARGIN_S = 15.0
"""Seconds by which the clocks of processes may differ."""
AT_ONCE = 50
"""That end in one transaction."""


class QuietSecrets:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.task = PeriodicTask("quiet_secrets", self.end_due, interval=INTERVAL_S)

    async def end_due(self) -> int:
        """How many have ended. Raises `Unavailable`; what ended before that has ended."""
        ended = 0
        while ended_now := await self._end_some():
            ended += ended_now
        return ended

    async def _end_some(self) -> int:
        async with self._store.reading() as reader:
            if not await reader.quiet(instant(self._clock.now()), MARGIN_S, 1):
                return 0
        async with self._store.writing(by=None) as writer:
            due = await writer.quiet(instant(self._clock.now()), MARGIN_S, AT_ONCE)  # none that was used meanwhile
            for secret in due:
                await self._end(writer, secret)
        return len(due)

    async def _end(self, writer: Writer, secret: QuietSecret) -> None:
        now, id_ = instant(self._clock.now()), secret.credential_id
        if secret.kind != "key_pair":  # its end is announced as that of any secret that retires
            version = next(v for v in (await writer.versions([id_]))[id_] if v.version == secret.version)
            await writer.update_version(id_, replace(version, retires_at=now))
            return
        row = await writer.find(KEY_PAIR, id_)
        if row is None:
            return
        changed = {**row, "retires_at": now}
        await writer.update(KEY_PAIR, changed)
        detail = {"retired_at": format_instant(now), "quiet_for": secret.quiet_for}
        await Recorder(self._clock).record(writer, ACTOR, Operation.RETIRE_VERSION, KEY_PAIR, changed, detail)
