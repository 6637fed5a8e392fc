"""The registry's rules over a store in memory and a clock to move."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import Object, Written
from services.key_registry.admin.creation import factories
from services.key_registry.admin.key_generation import KeyGenerator
from services.key_registry.admin.objects import ObjectService
from services.key_registry.admin.rotation import RotationService
from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.catalog.paging import PageRequest
from services.key_registry.catalog.permissions import Admin, Operation, Role
from services.key_registry.catalog.requests import Rotation
from services.key_registry.catalog.resources import APPLICATION, BOOKING, COMPANY, Resource
from services.key_registry.recording.idempotency import IdempotentRequest
from services.key_registry.recording.recorder import AuditLog
from shared.audit.trail import AuditTrail
from shared.http.body import validated
from shared.usage.recorder import Usage
from tests.support.clock import FakeClock
from tests.support.doubles.key_registry import MemoryStore
from tests.support.doubles.usage import UsageSinkDouble


async def permitted(_: object) -> None:
    """Confirms an admin whom nobody stops."""


@dataclass
class Desk:
    """The registry, with shorthands for an owner who creates objects."""

    registry: ObjectService
    rotation: RotationService
    store: MemoryStore
    access: AccessControl
    trail: AuditTrail
    clock: FakeClock
    owner: Admin
    names_used: int = 0

    async def create(
        self,
        resource: Resource,
        *,
        admin: Admin | None = None,
        attempt: IdempotentRequest | None = None,
        **members: Any,
    ) -> Object:
        body = validated(resource.create, members)
        return (await self.registry.create(admin or self.owner, resource, body, attempt)).response

    async def change(self, resource: Resource, id_: str, *, admin: Admin | None = None, **members: Any) -> Object:
        change = validated(resource.change, members)
        return (await self.registry.change(admin or self.owner, resource, UUID(id_), change)).response

    async def set_status(self, operation: Operation, resource: Resource, id_: str) -> Written:
        return await self.registry.set_status(self.owner, operation, resource, UUID(id_))

    async def rotate(
        self,
        resource: Resource,
        id_: str,
        *,
        admin: Admin | None = None,
        attempt: IdempotentRequest | None = None,
        **members: Any,
    ) -> Object:
        body = validated(Rotation, members)
        return (await self.rotation.rotate(admin or self.owner, resource, UUID(id_), body, attempt)).response

    async def revoke_version(self, resource: Resource, id_: str, number: int) -> Written:
        return await self.rotation.revoke_version(self.owner, resource, UUID(id_), number)

    async def delete(self, resource: Resource, id_: str) -> None:
        await self.registry.delete(self.owner, resource, UUID(id_))

    def at(self, seconds: float) -> str:
        """So many seconds from now, as members have it."""
        return format_instant(instant(self.clock.now() + seconds))

    async def items(self, resource: Resource, admin: Admin | None = None, **filters: Any) -> list[Object]:
        page = await self.registry.page(admin or self.owner, resource, PageRequest(50, None, filters))
        return list(page["items"])

    async def company(self, **members: Any) -> Object:
        self.names_used += 1
        prefix = f"c{self.names_used}"
        given = {"name": "BlaBla", "client_prefix": prefix, "company_uri": f"https://{prefix}.example"}
        return await self.create(COMPANY, **{**given, **members})

    async def booking(self, company: Object, *scopes: str) -> Object:
        self.names_used += 1
        prefix = f"A{self.names_used}"
        application = await self.create(APPLICATION, name="SMS", application_prefix=prefix, scopes=list(scopes))
        return await self.create(BOOKING, company_id=company["id"], application_id=application["id"])

    def bound(self, company: Object, role: Role = Role.EDITOR) -> Admin:
        return Admin(uuid7(), role, UUID(company["id"]), confirm=permitted)

    @property
    def actions(self) -> list[str]:
        return [line.action for line in self.store.tables.lines]


def registry_desk(clock: FakeClock) -> Desk:
    """A registry that is empty, and an owner of it."""
    store = MemoryStore()
    trail = AuditTrail(AuditLog(store), service="key_registry", clock=clock)
    access = AccessControl(store, trail, clock, Usage(UsageSinkDouble(), clock=clock))
    registry = ObjectService(store, access, factories(KeyGenerator()), clock)
    rotation = RotationService(store, access, clock)
    owner = Admin(uuid7(), Role.OWNER, confirm=permitted)
    return Desk(registry, rotation, store, access, trail, clock, owner)
