"""The rules of the admin API: creating, showing, changing, suspending and deleting objects."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from services.key_registry.access.control import AccessControl
from services.key_registry.access.object_checks import check, new_row
from services.key_registry.access.presentation import Object, Written, present, present_one
from services.key_registry.access.visibility import Reference, find_visible, visible_listing
from services.key_registry.admin.creation import Factory
from services.key_registry.admin.succession import succeed
from services.key_registry.catalog import requests
from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.lifecycle import MAX_TOKEN_LIFE_S, status_after
from services.key_registry.catalog.paging import PageRequest, cursor_of_id, page_of
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import REFERRERS, Resource, Row
from services.key_registry.ports.store import Reader, Store, Writer
from services.key_registry.recording.idempotency import IdempotentRequest
from services.key_registry.recording.limits import limits_changed, limits_given
from services.key_registry.recording.recorder import Recorder
from shared.clock import Clock
from shared.contracts.key_registry import Kind
from shared.errors import Conflict


class ObjectService:
    """Each method raises `Forbidden` when the role does not reach, `NotFound` for what is another company's.

    An object is given by its id or its public name.
    """

    def __init__(
        self, store: Store, access: AccessControl, factories: Mapping[Kind, Factory], clock: Clock
    ) -> None:
        self._store = store
        self._access = access
        self._factories = factories
        self._clock = clock
        self._recorder = Recorder(clock)

    def permit(self, admin: Admin, operation: Operation, resource: Resource) -> None:
        """Raises `Forbidden`. Every method does so itself: this is for knowing it before a body is read."""
        self._access.permit(admin, operation, resource.kind)
        if operation is Operation.CREATE:
            self._access.permit_bound(admin, operation, resource)

    async def create(
        self, admin: Admin, resource: Resource, body: requests.Body, request: IdempotentRequest | None = None
    ) -> Written:
        """The new object, with what is shown once; or the same response again for a request that is repeated.

        Raises `Unprocessable` for a member of `body` that does not refer to an object, and `AlreadyExists`.
        """
        self.permit(admin, Operation.CREATE, resource)
        if request is not None:
            async with self._store.reading() as reader:
                if response := await self._response_to(reader, request):
                    return response
        new = await self._factories[resource.kind](body)  # outside the transaction: an RSA key takes seconds
        async with self._store.writing(by=admin) as writer:
            if request is not None and (response := await self._response_to(writer, request)):
                return response
            row = await new_row(writer, admin, resource, new.row, self._now())
            row |= await succeed(writer, self._recorder, admin, row, body, row["created_at"])
            await writer.insert(resource, row)
            given = limits_given(resource, row)
            limits = await limits_changed(writer, resource, row, given)
            detail = _members(resource, row, given)
            receipt = await self._recorder.record(
                writer, admin.actor, Operation.CREATE, resource, row, detail, limits
            )
            shown = {**await self._presented(writer, resource, row), **new.once}
            if request is not None:
                await request.remember(writer, shown, row["created_at"].timestamp())
        return Written(shown, receipt)

    async def show(self, admin: Admin, resource: Resource, reference: Reference) -> Object:
        self.permit(admin, Operation.READ, resource)
        async with self._store.reading() as reader:
            row = await find_visible(reader, admin, resource, reference)
            return await self._presented(reader, resource, row)

    async def page(self, admin: Admin, resource: Resource, requested: PageRequest) -> Object:
        """`items`, the newest first, and `next_cursor`."""
        self.permit(admin, Operation.READ, resource)
        async with self._store.reading() as reader:
            listing = await visible_listing(reader, admin, resource, requested, self._now())
            rows = [] if listing is None else await reader.list(resource, listing)
            rows, cursor = page_of(rows, requested.limit, lambda row: cursor_of_id(row["id"]))
            items = await present(reader, resource, rows, self._now())
        return {"items": items, "next_cursor": cursor}

    async def change(self, admin: Admin, resource: Resource, reference: Reference, patch: requests.Body) -> Written:
        """The object with the members that were set changed. Raises `Conflict` for one that is revoked."""
        self.permit(admin, Operation.CHANGE, resource)
        async with self._store.writing(by=admin) as writer:
            row = await self._own(writer, admin, Operation.CHANGE, resource, reference)
            if row["status"] == "revoked":
                raise Conflict("it is revoked, which is final: it cannot be changed")
            given = patch.model_dump()
            different = {name: given[name] for name in patch.model_fields_set if row[name] != given[name]}
            if not different:
                return await self._unchanged(writer, resource, row)
            if "limits" in different:
                self._access.permit_limits(admin, resource)
            now = self._now()
            changed = {**row, **different, "updated_at": now}
            await check(writer, admin, resource, changed, different, now)
            await writer.update(resource, changed)
            detail = {
                "was": _members(resource, row, different),
                "now": _members(resource, changed, different),
            }
            limits = await limits_changed(writer, resource, changed, different)
            receipt = await self._recorder.record(
                writer, admin.actor, Operation.CHANGE, resource, changed, detail, limits
            )
            return Written(await self._presented(writer, resource, changed), receipt)

    async def set_status(
        self, admin: Admin, operation: Operation, resource: Resource, reference: Reference
    ) -> Written:
        """Suspend, resume or revoke. What is so already stays as it is. Raises `Conflict` out of "revoked"."""
        self.permit(admin, operation, resource)
        async with self._store.writing(by=admin) as writer:
            row = await self._own(writer, admin, operation, resource, reference)
            status = status_after(row["status"], operation)
            if status == row["status"]:
                return await self._unchanged(writer, resource, row)
            now = self._now()
            changed = {**row, "status": status, "status_at": now, "updated_at": now}
            await writer.update(resource, changed)
            receipt = await self._recorder.record(writer, admin.actor, operation, resource, changed)
            return Written(await self._presented(writer, resource, changed), receipt)

    async def delete(self, admin: Admin, resource: Resource, reference: Reference) -> int:
        """The receipt. Raises `Conflict`, naming what refers to it; a credential is to be revoked first.

        Whether a credential was ever used is not known, so an active one is never taken to be unused.
        """
        self.permit(admin, Operation.DELETE, resource)
        async with self._store.writing(by=admin) as writer:
            row = await self._own(writer, admin, Operation.DELETE, resource, reference)
            if resource.deletable == "revoked" and row["status"] != "revoked":
                raise Conflict("revoke it first: only a revoked credential can be deleted")
            await _check_unreferenced(writer, resource, row)
            now = self._clock.now()
            await writer.delete(resource, row["id"])
            await writer.keep_stopped(resource.kind, str(row["id"]), now + MAX_TOKEN_LIFE_S, now)
            revoked = {**row, "status": "revoked"}
            return await self._recorder.record(writer, admin.actor, Operation.DELETE, resource, revoked)

    def _now(self) -> datetime:
        return instant(self._clock.now())

    async def _presented(self, reader: Reader, resource: Resource, row: Row) -> Object:
        return await present_one(reader, resource, row, self._now())

    async def _unchanged(self, reader: Reader, resource: Resource, row: Row) -> Written:
        shown = await self._presented(reader, resource, row)
        return Written(shown, await reader.last_change(str(row["id"])))

    async def _response_to(self, reader: Reader, request: IdempotentRequest) -> Written | None:
        shown = await request.recall(reader, self._clock.now())
        return None if shown is None else Written(shown, await reader.last_change(shown["id"]))

    async def _own(
        self, reader: Reader, admin: Admin, operation: Operation, resource: Resource, reference: Reference
    ) -> Row:
        row = await find_visible(reader, admin, resource, reference)
        self._access.permit_bound(admin, operation, resource)
        return row


def _members(resource: Resource, row: Row, names: Iterable[str]) -> Object:
    shown = resource.show(row)
    return {name: shown[name] for name in names}


async def _check_unreferenced(writer: Writer, resource: Resource, row: Row) -> None:
    counts = {r.path: await writer.count(r, column, row["id"]) for r, column in REFERRERS[resource.kind]}
    if referring := [f"{path} ({count})" for path, count in counts.items() if count]:
        raise Conflict(f"it cannot be deleted: {', '.join(referring)} refer to it")
