"""Stops again what a restore has brought back: by revocations like any other, each with its audit line.

What is stopped already stays as it is, so that this may be done again.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from services.key_registry.catalog.expiry import EXPIRING_KINDS, expiry_of
from services.key_registry.catalog.field_types import format_instant, in_utc, instant
from services.key_registry.catalog.lifecycle import MAX_TOKEN_LIFE_S
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import RESOURCES, Resource, Row
from services.key_registry.catalog.versions import Version
from services.key_registry.history.records import StateRecord
from services.key_registry.history.restores.stopped_again import ACTOR, StoppedAgain, first_change_after
from services.key_registry.history.rights import rights_of
from services.key_registry.ports.store import RevocationListing, Writer
from services.key_registry.recording.recorder import Recorder, append
from shared.clock import Clock
from shared.contracts.key_registry import AuditEvent, Kind, Revocation
from shared.identifiers import UUID_FORM, credential_version_id

REASON = "taken back after a restore"
RIGHTS_REASON = "its rights were changed after the dump: resume it once they are as they should be"
ROWS_AT_ONCE = 1000
VERSION_MARK = "_v"
"""Between the id of a credential and the number of its version."""
SIGNING_KEY_LIFE_S = 31 * 86400.0
"""Seconds for which a signing key stays revoked that a restore has brought back."""


class StoppingAgain:
    """In one transaction of `writer`. The database was restored as of the change `restored_seq`.

    Which rights an object had is known by their fingerprint alone. One that the restore has given other rights is
    held closed until an operator has looked at it: suspended, and resumed by hand.
    """

    def __init__(self, writer: Writer, clock: Clock, restored_seq: int) -> None:
        self._restored_seq = restored_seq
        self._writer = writer
        self._recorder = Recorder(clock)
        self._now = clock.now()
        self._at = instant(self._now)

    async def stop_again(self, records: Iterable[StateRecord]) -> Sequence[StoppedAgain]:
        """In the order of the records, but all of a kind together."""
        found: list[StoppedAgain] = []
        for resource, chunk in _chunks(records):
            found += await self._objects(resource, chunk) if resource is not None else await self._others(chunk)
        return found

    async def revoke(self, kind: Kind, id_: str, until: float, company_id: str | None = None) -> bool:
        """Something that is no row of its own; False when it is revoked for as long already."""
        members: dict[str, Any] = {"kind": kind, "id": id_, "until": until, "reason": REASON}
        if not await self._writer.stop(Revocation.model_construct(company_id=company_id, **members), self._now):
            return False
        await self._writer.append_change(kind, id_, "revoked", self._now, until, company_id)
        await self._append(f"{kind}.revoked", kind, id_, {"until": until, "reason": REASON})
        return True

    async def revoke_key(self, kid: str, *, before_the_dump: bool = False) -> bool:
        """False where the dump has the revocation: that is not done a second time, but kept for as long as another.

        Once it has ended it is in the dump no more, and was lost as little: `before_the_dump`.
        """
        until = self._now + SIGNING_KEY_LIFE_S
        which = RevocationListing(1, equals={"kind": "signing_key", "id": kid})
        known = await self._writer.revocations(which)
        if not known and not before_the_dump:
            return await self.revoke("signing_key", kid, until)
        await self._writer.keep_stopped("signing_key", kid, until, self._now, known[0].reason if known else REASON)
        return False

    async def _others(self, records: Sequence[StateRecord]) -> list[StoppedAgain]:
        found = []
        for record in records:
            if record.state != "active" and await self._stop_other(record):
                found.append(StoppedAgain(record.kind, record.id, "revoked"))
        return found

    async def _stop_other(self, record: StateRecord) -> bool:
        if record.kind == "signing_key":
            return await self.revoke_key(record.id, before_the_dump=record.seq <= self._restored_seq)
        until = record.until or 0.0
        if record.kind == "jwt" and record.id == first_change_after(record.seq - 1):
            return False
        return until > self._now and await self.revoke(cast(Kind, record.kind), record.id, until)

    async def _objects(self, resource: Resource, records: Sequence[StateRecord]) -> list[StoppedAgain]:
        ids = {UUID(record.id.partition(VERSION_MARK)[0]) for record in records}
        rows = {row["id"]: row for row in await self._writer.find_all(resource, ids)}
        found = []
        for record in records:
            id_, _, number = record.id.partition(VERSION_MARK)
            row = rows.get(UUID(id_))
            if row is None:
                what = await self._unknown(record)
            elif number:
                what = await self._version(resource, row, record, int(number))
            else:
                what = await self._object(resource, row, record)
                rows[row["id"]] = (await self._writer.find(resource, row["id"])) or row if what else row
            if what is not None:
                found.append(StoppedAgain(record.kind, record.id, what))
        return found

    async def _unknown(self, record: StateRecord) -> str | None:
        """What was created after the dump is known to nobody any more: what was issued with it ends as well.

        What was deleted before the dump, of which nothing was lost, only stays stopped for as long.
        """
        kind = cast(Kind, record.kind)
        until = self._now + MAX_TOKEN_LIFE_S if record.until is None else record.until
        if VERSION_MARK in record.id or until <= self._now:
            return None
        if record.seq <= self._restored_seq:
            await self._writer.keep_stopped(kind, record.id, until, self._now)
            return None
        return "unknown" if await self.revoke(kind, record.id, until) else None

    async def _object(self, resource: Resource, row: Row, record: StateRecord) -> str | None:
        if row["status"] == "revoked":
            return None
        if record.state == "revoked":
            return await self._set(resource, row, Operation.REVOKE, {"status": "revoked", "status_at": self._at})
        changed: dict[str, Any] = {}
        if record.ends is not None and resource.kind in EXPIRING_KINDS:
            ends = instant(record.ends)
            if all(end is None or ends < in_utc(end) for end in (expiry_of(row), row.get("retires_at"))):
                changed["expires_at"] = ends
        narrowed = self._has_other_rights(resource, row, record)
        if (record.state == "suspended" or narrowed) and row["status"] == "active":
            changed |= {"status": "suspended", "status_at": self._at}
            reason = RIGHTS_REASON if narrowed else REASON
            what = await self._set(resource, row, Operation.SUSPEND, changed, reason)
            return "rights" if narrowed else what
        return await self._set(resource, row, Operation.CHANGE, changed) if changed else None

    def _has_other_rights(self, resource: Resource, row: Row, record: StateRecord) -> bool:
        """Whether they were changed after the dump: what it has is as it was then, and may be more."""
        if record.seq <= self._restored_seq or record.rights is None:
            return False
        return rights_of(resource.kind, row) != record.rights

    async def _set(
        self, resource: Resource, row: Row, operation: Operation, changed: Row, reason: str = REASON
    ) -> str:
        row = {**row, **changed, "updated_at": self._at}
        await self._writer.update(resource, row)
        await self._recorder.record(self._writer, ACTOR, operation, resource, row, {"reason": reason})
        return {Operation.REVOKE: "revoked", Operation.SUSPEND: "suspended"}.get(operation, "ends")

    async def _version(self, resource: Resource, row: Row, record: StateRecord, number: int) -> str | None:
        if row["status"] == "revoked" or resource.secret is None:
            return None
        versions = (await self._writer.versions([row["id"]]))[row["id"]]
        version = next((version for version in versions if version.version == number), None)
        if record.state == "revoked":
            before_the_dump = record.seq <= self._restored_seq
            return await self._end_version(resource, row, version, number, before_the_dump=before_the_dump)
        ends = None if record.ends is None else instant(record.ends)
        if version is None or ends is None or (version.retires_at is not None and version.retires_at <= ends):
            return None
        await self._writer.update_version(row["id"], replace(version, retires_at=ends))
        detail = {"version": number, "retires_at": format_instant(ends), "reason": REASON}
        await self._recorder.record(self._writer, ACTOR, Operation.CHANGE, resource, row, detail)
        return "version_ends"

    async def _end_version(
        self, resource: Resource, row: Row, version: Version | None, number: int, *, before_the_dump: bool
    ) -> str | None:
        """A version that is not there is added as one that ended: its number is not to be given again."""
        if version is not None and version.revoked:
            return None
        if version is None and before_the_dump:
            return None  # it ended so long before that its row was deleted
        if version is None:
            ended = Version(number, secrets.token_bytes(32), None, self._at, self._at, revoked=True)
            await self._writer.add_version(resource, row["id"], ended)
        else:
            end = self._at if version.retires_at is None else min(version.retires_at, self._at)
            await self._writer.update_version(row["id"], replace(version, retires_at=end, revoked=True))
        owner, until = resource.company_of(row), self._now + MAX_TOKEN_LIFE_S
        id_ = credential_version_id(str(row["id"]), number)
        await self._writer.keep_stopped(resource.kind, id_, until, self._now, "version revoked")
        company_id = str(owner) if owner else None
        await self._writer.append_change(resource.kind, id_, "revoked", self._now, until, company_id)
        detail = {"version": number, "reason": REASON}
        await self._recorder.record(self._writer, ACTOR, Operation.REVOKE_VERSION, resource, row, detail)
        return "version_revoked"

    async def _append(self, action: str, kind: str, id_: str, detail: dict[str, Any]) -> None:
        event = AuditEvent(action=action, actor=ACTOR, subject_kind=kind, subject=id_, at=self._now, detail=detail)
        await append(self._writer, [event])


def _chunks(records: Iterable[StateRecord]) -> Iterator[tuple[Resource | None, Sequence[StateRecord]]]:
    """Those of one resource at a time; None: of what is no row of its own."""
    of: defaultdict[Kind, list[StateRecord]] = defaultdict(list)
    for record in records:
        if record.kind != "person" and record.kind != "webhook":
            of[record.kind].append(record)
    for kind, found in of.items():
        resource = RESOURCES.get(kind)
        if resource is not None:
            found = [r for r in found if UUID_FORM.fullmatch(r.id.partition(VERSION_MARK)[0])]
        for start in range(0, len(found), ROWS_AT_ONCE):
            yield resource, found[start : start + ROWS_AT_ONCE]
