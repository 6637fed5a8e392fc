"""Rotating a credential: a new secret, and for a while the old one beside it; ending one secret alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import Written, present_one
from services.key_registry.access.visibility import Reference, find_visible
from services.key_registry.admin.creation import new_secret
from services.key_registry.catalog.expiry import expired, expiry_of
from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.catalog.lifecycle import MAX_TOKEN_LIFE_S
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.requests import Rotation
from services.key_registry.catalog.resources import Resource, Row
from services.key_registry.catalog.versions import MAX_LIVE_VERSIONS, Version, longest_overlap
from services.key_registry.ports.store import Store, Writer
from services.key_registry.recording.idempotency import IdempotentRequest
from services.key_registry.recording.recorder import Recorder
from shared.clock import Clock
from shared.errors import Conflict, NotFound
from shared.identifiers import credential_version_id


class RotationService:
    """Each method raises `Forbidden` when the role does not reach, `NotFound` for what is another company's.

    All of a rotation is one transaction: the new secret, the end of the old one, the change feed, the audit line
    and the response that an `Idempotency-Key` brings again.
    """

    def __init__(self, store: Store, access: AccessControl, clock: Clock) -> None:
        self._store = store
        self._access = access
        self._clock = clock
        self._recorder = Recorder(clock)

    def permit(self, admin: Admin, operation: Operation, resource: Resource) -> None:
        """Raises `Forbidden`. Every method does so itself: this is for knowing it before a body is read."""
        self._access.permit(admin, operation, resource.kind)

    async def rotate(
        self,
        admin: Admin,
        resource: Resource,
        reference: Reference,
        body: Rotation,
        request: IdempotentRequest | None = None,
    ) -> Written:
        """The credential with its new secret, which is shown this once or for the same request again.

        Raises `Conflict` for a credential that is revoked or has expired, and where two secrets work already.
        """
        self.permit(admin, Operation.ROTATE, resource)
        new = new_secret(resource)
        async with self._store.writing(by=admin) as writer:
            if request is not None and (shown := await request.recall(writer, self._clock.now())):
                return Written(shown, await writer.last_change(shown["id"]))
            row = await self._own(writer, admin, Operation.ROTATE, resource, reference)
            now = instant(self._clock.now())
            _require_alive(row, now)
            versions = (await writer.versions([row["id"]]))[row["id"]]
            superseded = _superseded(row, versions, body, now)
            for version in superseded:
                if version.revoked:
                    await _end(writer, resource, row, version, now)
                else:
                    await writer.update_version(row["id"], version)
            number = 1 + max(version.version for version in versions)
            version = Version(number, new.row["digest"], new.row["last_four"], now)
            await writer.add_version(resource, row["id"], version)
            changed = {**row, **new.row, "updated_at": now}
            await writer.update(resource, changed)
            detail = {"version": number, **_described(superseded)}
            receipt = await self._recorder.record(writer, admin.actor, Operation.ROTATE, resource, changed, detail)
            shown = {**await present_one(writer, resource, changed, now), **new.once}
            if request is not None:
                await request.remember(writer, shown, now.timestamp())
        return Written(shown, receipt)

    async def revoke_version(self, admin: Admin, resource: Resource, reference: Reference, number: int) -> Written:
        """End one secret at once, and what was issued with it. What has ended so already stays as it is."""
        self.permit(admin, Operation.REVOKE_VERSION, resource)
        async with self._store.writing(by=admin) as writer:
            row = await self._own(writer, admin, Operation.REVOKE_VERSION, resource, reference)
            now = instant(self._clock.now())
            versions = (await writer.versions([row["id"]]))[row["id"]]
            version = next((version for version in versions if version.version == number), None)
            if version is None:
                raise NotFound(f"there is no such version of the {resource.noun}")
            if version.revoked or row["status"] == "revoked":
                shown = await present_one(writer, resource, row, now)
                return Written(shown, await writer.last_change(str(row["id"])))
            changed, receipt = await revoke_secret(
                writer, self._recorder, admin.actor, resource, row, version, now=now
            )
            return Written(await present_one(writer, resource, changed, now), receipt)

    async def _own(
        self, writer: Writer, admin: Admin, operation: Operation, resource: Resource, reference: Reference
    ) -> Row:
        row = await find_visible(writer, admin, resource, reference)
        self._access.permit_bound(admin, operation, resource)
        return row


async def revoke_secret(
    writer: Writer,
    recorder: Recorder,
    actor: str,
    resource: Resource,
    row: Row,
    version: Version,
    *,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> tuple[Row, int]:
    """End one secret at once, and what was issued with it: the credential as it is then, and the receipt.

    `detail` is for the audit line and the event.
    """
    ended = now if version.retires_at is None else min(version.retires_at, now)
    await _end(writer, resource, row, replace(version, retires_at=ended, revoked=True), now)
    changed = {**row, "updated_at": now}
    await writer.update(resource, changed)
    detail = {"version": version.version, **(detail or {})}
    return changed, await recorder.record(writer, actor, Operation.REVOKE_VERSION, resource, changed, detail)


async def _end(writer: Writer, resource: Resource, row: Row, version: Version, now: datetime) -> None:
    """Write that `version` is revoked, for its look-ups and for whatever was issued with it."""
    await writer.update_version(row["id"], version)
    id_, at = credential_version_id(str(row["id"]), version.version), now.timestamp()
    until, owner = at + MAX_TOKEN_LIFE_S, resource.company_of(row)
    await writer.keep_stopped(resource.kind, id_, until, at, "version revoked")
    await writer.append_change(resource.kind, id_, "revoked", at, until, str(owner) if owner else None)


def _require_alive(row: Row, now: datetime) -> None:
    if row["status"] == "revoked":
        raise Conflict("it is revoked, which is final: it cannot be rotated")
    if expired(row, now):
        raise Conflict("it has expired: set expires_at to a time in the future first")


def _superseded(row: Row, versions: Sequence[Version], body: Rotation, now: datetime) -> Sequence[Version]:
    """The secrets that end by the rotation, now or later, as they are after it.

    Raises `Conflict` where two work already, unless the oldest is to end.
    """
    live = sorted((version for version in versions if version.live(now)), key=lambda version: version.version)
    changed = []
    if len(live) >= MAX_LIVE_VERSIONS:
        oldest = live.pop(0)
        if not body.end_oldest:
            raise Conflict(
                f"two secrets work already, the older (version {oldest.version}) until "
                f"{format_instant(oldest.retires_at or now)}: wait, or end it with end_oldest"
            )
        changed.append(replace(oldest, retires_at=now, revoked=True))
    for current in (version for version in live if version.retires_at is None):
        retires_at = _at_most(
            now + timedelta(seconds=longest_overlap(body.keep_old_for, body.keep_old_until_quiet_for)),
            expiry_of(row),
        )
        quiet_for = body.keep_old_until_quiet_for
        changed.append(replace(current, retires_at=retires_at, revoked=body.keep_old_for == 0, quiet_for=quiet_for))
    return changed


def _at_most(at: datetime, bound: datetime | None) -> datetime:
    return at if bound is None else min(at, bound)


def _described(superseded: Sequence[Version]) -> dict[str, object]:
    """For the audit line: which secrets ended at once, and which one will."""
    detail: dict[str, object] = {"ended": [version.version for version in superseded if version.revoked]}
    for version in superseded:
        if not version.revoked and version.retires_at is not None:
            detail |= {"retiring": version.version, "retires_at": format_instant(version.retires_at)}
            if version.quiet_for is not None:
                detail["quiet_for"] = version.quiet_for
    return detail
