"""The rules of the admin API: what is made, shown, changed, stopped and deleted, by whom, with its audit line."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from services.key_registry.admin.access import AccessControl
from services.key_registry.admin.creation import Factory
from services.key_registry.admin.idempotency import REMEMBERED, IdempotentRequest
from services.key_registry.admin.recorder import Recorder
from services.key_registry.catalog import requests
from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.lifecycle import forgotten_at, status_after
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import (
    APPLICATION,
    COMPANY,
    REFERRERS,
    RESOURCES,
    Parent,
    Resource,
    Row,
)
from services.key_registry.paging import PageRequest, cursor_of_id, page_of
from services.key_registry.storage.ports import Listing, Reader, Remembered, Store, Writer
from shared.clock import Clock
from shared.contracts.key_registry import Kind
from shared.errors import Conflict, FieldError, NotFound, Unprocessable
from shared.scopes import covered

Object = dict[str, Any]
"""An object as JSON."""


class Written(NamedTuple):
    """An object as it is now; `receipt` is the position of the change that made it so."""

    shown: Object
    receipt: int


class ObjectService:
    """Each method raises `Forbidden` when the role does not reach, `NotFound` for what is another company's."""

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
        if operation is Operation.CREATE and admin.bound_from(operation, resource.kind):
            self._forbid_bound(admin, operation, resource)

    async def create(
        self, admin: Admin, resource: Resource, body: requests.Body, attempt: IdempotentRequest | None = None
    ) -> Written:
        """The new object, with what is shown once; or the same answer again for an attempt that is repeated.

        Raises `Unprocessable` for an id in `body` that names nothing, and `AlreadyExists`.
        """
        self.permit(admin, Operation.CREATE, resource)
        if attempt is not None:
            async with self._store.reading() as reader:
                if response := await self._responded(reader, admin, attempt):
                    return response
        made = await self._factories[resource.kind](body)
        async with self._store.writing() as writer:
            if attempt is not None and (response := await self._responded(writer, admin, attempt)):
                return response
            row = await self._placed(writer, admin, resource, made.row)
            await writer.insert(resource, row)
            receipt = await self._recorder.record(writer, admin.actor, Operation.CREATE, resource, row)
            shown = {**resource.show(row), **made.once}
            if attempt is not None:
                remembered = Remembered(attempt.request, attempt.seal(orjson.dumps(shown)))
                await writer.remember(admin.id, attempt.digest, remembered, row["created_at"])
        return Written(shown, receipt)

    async def show(self, admin: Admin, resource: Resource, id_: UUID) -> Object:
        self.permit(admin, Operation.READ, resource)
        async with self._store.reading() as reader:
            return resource.show(await self._visible(reader, admin, resource, id_))

    async def page(self, admin: Admin, resource: Resource, asked: PageRequest) -> Object:
        """`items`, the newest first, and `next_cursor`."""
        self.permit(admin, Operation.READ, resource)
        async with self._store.reading() as reader:
            equals = await self._narrowed(reader, admin, resource, asked.filters)
            if equals is None:
                return {"items": [], "next_cursor": None}
            before = None if asked.cursor is None else UUID(bytes=asked.cursor)
            rows = await reader.list(resource, Listing(asked.limit + 1, before, equals))
        rows, cursor = page_of(rows, asked.limit, lambda row: cursor_of_id(row["id"]))
        return {"items": [resource.show(row) for row in rows], "next_cursor": cursor}

    async def change(self, admin: Admin, resource: Resource, id_: UUID, members: requests.Body) -> Written:
        """The object with the members that were set changed. Raises `Conflict` for one that is revoked."""
        self.permit(admin, Operation.CHANGE, resource)
        async with self._store.writing() as writer:
            row = await self._own(writer, admin, Operation.CHANGE, resource, id_)
            if row["status"] == "revoked":
                raise Conflict("it is revoked, which is final: it cannot be changed")
            given = members.model_dump(exclude_unset=True)
            different = {name: value for name, value in given.items() if row[name] != value}
            if not different:
                return await self._unchanged(writer, resource, row)
            changed = {**row, **different, "updated_at": self._now()}
            self._check(resource, changed)
            if "scopes" in different:
                await self._check_scopes(writer, admin, changed)
            await writer.update(resource, changed)
            detail = {
                "was": _shown_members(resource, row, different),
                "now": _shown_members(resource, changed, different),
            }
            receipt = await self._recorder.record(writer, admin.actor, Operation.CHANGE, resource, changed, detail)
        return Written(resource.show(changed), receipt)

    async def set_status(self, admin: Admin, operation: Operation, resource: Resource, id_: UUID) -> Written:
        """Suspend, resume or revoke. What is so already stays as it is. Raises `Conflict` out of "revoked"."""
        self.permit(admin, operation, resource)
        async with self._store.writing() as writer:
            row = await self._own(writer, admin, operation, resource, id_)
            status = status_after(row["status"], operation)
            if status == row["status"]:
                return await self._unchanged(writer, resource, row)
            now = self._now()
            changed = {**row, "status": status, "status_at": now, "updated_at": now}
            await writer.update(resource, changed)
            receipt = await self._recorder.record(writer, admin.actor, operation, resource, changed)
        return Written(resource.show(changed), receipt)

    async def delete(self, admin: Admin, resource: Resource, id_: UUID) -> int:
        """The receipt. Raises `Conflict`, telling what refers to it; a credential is to be revoked first.

        Whether a credential was ever used is not known, so an active one is never taken to be unused.
        """
        self.permit(admin, Operation.DELETE, resource)
        async with self._store.writing() as writer:
            row = await self._own(writer, admin, Operation.DELETE, resource, id_)
            if resource.deletable == "revoked" and row["status"] != "revoked":
                raise Conflict("revoke it first: only a revoked credential can be deleted")
            await self._check_unreferenced(writer, resource, id_)
            now = self._clock.now()
            await writer.delete(resource, id_)
            await writer.keep_stopped(resource.kind, str(id_), forgotten_at("revoked", now) or now)
            return await self._recorder.record(
                writer, admin.actor, Operation.DELETE, resource, {**row, "status": "revoked"}
            )

    def _now(self) -> datetime:
        return instant(self._clock.now())

    async def _unchanged(self, reader: Reader, resource: Resource, row: Row) -> Written:
        return Written(resource.show(row), await reader.last_change(str(row["id"])))

    async def _responded(self, reader: Reader, admin: Admin, attempt: IdempotentRequest) -> Written | None:
        since = instant(self._clock.now() - REMEMBERED)
        remembered = await reader.recall(admin.id, attempt.digest, since)
        if remembered is None:
            return None
        shown: Object = orjson.loads(attempt.open(remembered.sealed, remembered.request))
        return Written(shown, await reader.last_change(shown["id"]))

    async def _placed(self, writer: Writer, admin: Admin, resource: Resource, columns: Row) -> Row:
        """The whole row: `columns`, what it takes over from its parents, and what every object has."""
        now = self._now()
        row = {
            **columns,
            "id": uuid7(),
            "status": "active",
            "created_at": now,
            "updated_at": now,
            "status_at": now,
        }
        if admin.company_id is not None and row.get("company_id", ...) is None:
            row["company_id"] = admin.company_id
        errors = []
        for parent in resource.parents:
            if row[parent.member] is None:
                continue
            try:
                found = await self._parent(writer, admin, parent, row[parent.member])
                row |= {name: found[name] for name in parent.inherited}
            except ValueError as error:
                errors.append(FieldError(parent.member, str(error)))
        if errors:
            raise Unprocessable("some members are wrong", errors=errors)
        self._check(resource, row)
        await self._check_scopes(writer, admin, row)
        return row

    async def _parent(self, reader: Reader, admin: Admin, parent: Parent, id_: UUID) -> Row:
        kind = RESOURCES[parent.kind]
        try:
            found = await self._visible(reader, admin, kind, id_)
        except NotFound:
            raise ValueError(f"names no {kind.noun}") from None
        if found["status"] == "revoked":
            raise ValueError(f"names a revoked {kind.noun}")
        return found

    def _check(self, resource: Resource, row: Row) -> None:
        if resource.check is not None:
            resource.check(row)

    async def _check_scopes(self, reader: Reader, admin: Admin, row: Row) -> None:
        """A token bound to a company grants no more than what that company has booked."""
        if admin.company_id is None or "scopes" not in row:
            return
        booked = await reader.booked_scopes(admin.company_id)
        for scope in row["scopes"]:
            if not covered(booked, scope):
                raise Unprocessable.field("scopes", f"{scope} is of no application that the company has booked")

    async def _visible(self, reader: Reader, admin: Admin, resource: Resource, id_: UUID) -> Row:
        row = await reader.find(resource, id_)
        if row is None or (admin.company_id is not None and resource.company_of(row) != admin.company_id):
            raise NotFound(f"there is no such {resource.noun}")
        return row

    async def _own(self, reader: Reader, admin: Admin, operation: Operation, resource: Resource, id_: UUID) -> Row:
        row = await self._visible(reader, admin, resource, id_)
        if admin.bound_from(operation, resource.kind):
            self._forbid_bound(admin, operation, resource)
        return row

    def _forbid_bound(self, admin: Admin, operation: Operation, resource: Resource) -> None:
        why = f"a token that is bound to a company cannot {operation} {resource.path}"
        self._access.forbid(admin, operation, resource.kind, why)

    async def _narrowed(
        self, reader: Reader, admin: Admin, resource: Resource, filters: Mapping[str, Any]
    ) -> dict[str, object] | None:
        """The filters as columns, with those by prefix turned to ids; None when nothing can match."""
        equals: dict[str, object] = {}
        wanted = list(filters.items())
        if admin.company_id is not None:
            if resource is APPLICATION:
                return None
            wanted.append(("id" if resource is COMPANY else "company_id", admin.company_id))
        for name, value in wanted:
            by_prefix = {"client_prefix": COMPANY, "application_prefix": APPLICATION}.get(name)
            if by_prefix is not None and by_prefix is not resource:
                found = await reader.list(by_prefix, Listing(1, equals={name: value}))
                if not found:
                    return None
                name, value = f"{by_prefix.kind}_id", found[0]["id"]
            if equals.setdefault(name, value) != value:
                return None
        return equals

    async def _check_unreferenced(self, writer: Writer, resource: Resource, id_: UUID) -> None:
        counts = {r.path: await writer.count(r, column, id_) for r, column in REFERRERS[resource.kind]}
        if referring := [f"{path} ({count})" for path, count in counts.items() if count]:
            raise Conflict(f"it cannot be deleted: {', '.join(referring)} refer to it")


def _shown_members(resource: Resource, row: Row, names: Mapping[str, Any]) -> Object:
    shown = resource.show(row)
    return {name: shown[name] for name in names}
