"""Ends a secret that was found: its version of the credential, and what was issued with it. The others go on."""

from collections.abc import Mapping

from services.key_registry.admin.rotation import revoke_secret
from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.permissions import Admin
from services.key_registry.catalog.resources import RESOURCES, Resource, Row
from services.key_registry.catalog.versions import Version
from services.key_registry.leaks.finding import Ending, Finding, Report
from services.key_registry.ports.store import Reader, Store, Writer
from services.key_registry.recording.events import data_of, record
from services.key_registry.recording.recorder import Recorder
from shared.clock import Clock
from shared.contracts.key_registry import Kind

RESOURCE_OF_PREFIX: Mapping[str, Resource] = {
    resource.secret.prefix: resource for resource in RESOURCES.values() if resource.secret is not None
}


class FoundSecrets:
    """Again changes nothing: what has ended so already stays as it is, and is reported to nobody a second time."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._recorder = Recorder(clock)

    async def end(self, kind: Kind, digest: bytes, report: Report, *, by: Admin | None) -> Finding | None:
        """What the secret with this SHA-256 was, once it has ended; None when nobody has it, or not for `by`.

        A secret that nobody has costs a read, and no turn of those who write. Raises `Unavailable`.
        """
        resource = RESOURCES[kind]
        async with self._store.reading() as reader:
            found = await _visible(reader, resource, digest, by)
            if found is None:
                return None
            if _has_ended(*found):
                return await _finding(reader, resource, *found, outcome="already_ended")
        async with self._store.writing(by=by) as writer:
            found = await _visible(writer, resource, digest, by)
            if found is None:
                return None
            if _has_ended(*found):
                return await _finding(writer, resource, *found, outcome="already_ended")
            return await self._end(writer, resource, *found, report)

    async def _end(self, writer: Writer, resource: Resource, row: Row, version: Version, report: Report) -> Finding:
        now = instant(self._clock.now())
        changed, _ = await revoke_secret(
            writer, self._recorder, report.actor, resource, row, version, now=now, detail=report.detail
        )
        finding = await _finding(writer, resource, changed, version, outcome="ended")
        data = {**data_of(resource, row), "version": version.version, "last_four": version.last_four}
        await record(
            writer,
            "credential.leaked",
            at=now.timestamp(),
            company_id=finding.company_id,
            data={**data, **report.detail},
        )
        return finding


async def _visible(
    reader: Reader, resource: Resource, digest: bytes, by: Admin | None
) -> tuple[Row, Version] | None:
    """Nothing of any other company exists for an admin who is bound to one."""
    found = await reader.find_by_secret(resource, digest)
    if found is None or by is None or by.company_id is None or resource.company_of(found[0]) == by.company_id:
        return found
    return None


def _has_ended(row: Row, version: Version) -> bool:
    return version.revoked or row["status"] == "revoked"


async def _finding(reader: Reader, resource: Resource, row: Row, version: Version, *, outcome: Ending) -> Finding:
    owner, name = resource.company_of(row), resource.name_column
    return Finding(
        outcome,
        kind=resource.kind,
        id=str(row["id"]),
        version=version.version,
        name=None if name is None else str(row[name]),
        last_four=version.last_four,
        company_id=str(owner) if owner else None,
        receipt=await reader.last_change(str(row["id"])),
    )
