"""Ends the key pairs whose private key was found: what it signed before, and what was issued for that."""

from collections.abc import Sequence

from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import KEY_PAIR, Row
from services.key_registry.leaks.finding import Ending, Finding, Report
from services.key_registry.ports.store import Reader, Store, Writer
from services.key_registry.recording.events import data_of, record
from services.key_registry.recording.recorder import Recorder
from shared.clock import Clock


class FoundKeyPairs:
    """Again changes nothing."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._recorder = Recorder(clock)

    async def end(self, thumbprint: bytes, report: Report, *, by: Admin | None) -> Sequence[Finding]:
        """Each key pair with this public key, once it has ended: companies may have registered the same one.

        Nothing where there is none, or none for `by`; that costs a read alone. Raises `Unavailable`.
        """
        async with self._store.reading() as reader:
            found = await _visible(reader, thumbprint, by)
            if all(row["status"] == "revoked" for row in found):
                return [await _finding(reader, row, "already_ended") for row in found]
        async with self._store.writing(by=by) as writer:
            return [await self._end(writer, row, report) for row in await _visible(writer, thumbprint, by)]

    async def _end(self, writer: Writer, row: Row, report: Report) -> Finding:
        if row["status"] == "revoked":
            return await _finding(writer, row, "already_ended")
        now = instant(self._clock.now())
        changed = {**row, "status": "revoked", "status_at": now, "updated_at": now}
        await writer.update(KEY_PAIR, changed)
        await self._recorder.record(writer, report.actor, Operation.REVOKE, KEY_PAIR, changed, report.detail)
        finding = await _finding(writer, changed, "ended")
        data = {**data_of(KEY_PAIR, row), **report.detail}
        await record(writer, "credential.leaked", at=now.timestamp(), company_id=finding.company_id, data=data)
        return finding


async def _visible(reader: Reader, thumbprint: bytes, by: Admin | None) -> Sequence[Row]:
    found = await reader.find_key_pairs(thumbprint)
    return [row for row in found if by is None or by.company_id in (None, row["company_id"])]


async def _finding(reader: Reader, row: Row, outcome: Ending) -> Finding:
    return Finding(
        outcome,
        kind="key_pair",
        id=str(row["id"]),
        name=str(row["kid"]),
        company_id=str(row["company_id"]),
        receipt=await reader.last_change(str(row["id"])),
    )
