"""The store of the registry's objects, as protocols; `storage.postgres` implements them."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.key_registry.audit_trail.chain import Head, Line
from services.key_registry.catalog.expiry import ExpiresSoon
from services.key_registry.catalog.permissions import Admin
from services.key_registry.catalog.resources import Resource, Row
from services.key_registry.ports.events import EventReader, EventWriter
from services.key_registry.ports.trials import TrialReader, TrialWriter
from services.key_registry.ports.versions import VersionReader, VersionWriter
from services.key_registry.ports.webhooks import WebhookWriter
from shared.contracts.key_registry import (
    Kind,
    Revocation,
    Status,
)
from shared.contracts.limits import ObjectLimits
from shared.errors import Conflict


class AlreadyExists(Conflict):
    """Another object has this value already."""

    code = "taken"

    def __init__(self, member: str) -> None:
        booked = member == "application_id"
        super().__init__("the company has already booked this application" if booked else f"{member} is taken")
        self.member = member


@dataclass(frozen=True, slots=True)
class Listing:
    """Objects whose columns equal all of `equals`, the newest first, those older than `before` only."""

    limit: int
    before: UUID | None = None
    equals: Mapping[str, object] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    """Each begins a word in one of the `searched` columns; of a booking, in those of its company or application."""
    booked_by: UUID | None = None
    """Of applications: those that this company has a booking of which is not revoked."""
    expires_soon: ExpiresSoon | None = None
    """Of credentials: those that end soon, or those that do not."""
    limited: bool | None = None
    """Of what can have limits of its own: what has some and is not revoked, or all else."""
    has_scopes: bool | None = None
    """Of API clients and key pairs."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The response to a create, sealed; `request` is the digest of the request."""

    request: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class KeptRevocation:
    """`number` is the order in which they came; `until` and `at` are seconds since the epoch."""

    number: int
    kind: Kind
    id: str
    until: float
    reason: str
    company_id: str | None
    at: float


@dataclass(frozen=True, slots=True)
class RevocationListing:
    """Revocations of JWTs, session tokens and signing keys, the newest first, with a number below `before` only."""

    limit: int
    before: int | None = None
    equals: Mapping[str, str] = field(default_factory=dict)
    """Of `kind`, `id` and `company_id`."""


class Reader(VersionReader, EventReader, TrialReader, Protocol):
    async def find(self, resource: Resource, id_: UUID) -> Row | None: ...

    async def find_all(self, resource: Resource, ids: Collection[UUID]) -> Sequence[Row]:
        """Those that exist, in no order."""
        ...

    async def identify(self, resource: Resource, public_name: str) -> UUID | None:
        """The id of the object whose `public_name` column has this value, where the resource has one."""
        ...

    async def list(self, resource: Resource, listing: Listing) -> Sequence[Row]: ...

    async def booked_scopes(self, company_id: UUID) -> Sequence[str]:
        """The scopes of the active applications that the company has an active booking of."""
        ...

    async def revocations(self, which: RevocationListing) -> Sequence[KeptRevocation]: ...

    async def last_change(self, id_: str) -> int:
        """The position of the object's last change, or the newest there is when that is not kept any more."""
        ...

    async def recall(self, admin_id: UUID, key: bytes, since: datetime) -> Remembered | None:
        """What was remembered under the digest `key`, unless it is older than `since`."""
        ...


class Writer(Reader, VersionWriter, EventWriter, WebhookWriter, TrialWriter, Protocol):
    """A transaction that nobody else's overlaps: all of it becomes durable, or none."""

    async def insert(self, resource: Resource, row: Row) -> None:
        """Raises `AlreadyExists`."""
        ...

    async def update(self, resource: Resource, row: Row) -> None:
        """Write every column but those in `KEPT_COLUMNS`."""
        ...

    async def delete(self, resource: Resource, id_: UUID) -> None: ...

    async def count(self, resource: Resource, column: str, value: UUID) -> int: ...

    async def append_change(
        self,
        kind: Kind,
        id_: str,
        status: Status,
        at: float,
        until: float | None,
        company_id: str | None = None,
        limits: ObjectLimits | None = None,
    ) -> int:
        """Add to the feed; the position, which is the one after the last. `limits`: where they have changed."""
        ...

    async def audit_head(self, ids: Sequence[str]) -> tuple[Head, frozenset[str]]:
        """Where the trail ends, and those of the ids of events that are in it."""
        ...

    async def append_audit(self, lines: Sequence[Line]) -> None: ...

    async def stop(self, stopped: Revocation, at: float) -> bool:
        """Keep that something is revoked until its `until`; False when that is known already."""
        ...

    async def keep_stopped(self, kind: Kind, id_: str, until: float, at: float, reason: str = "deleted") -> None:
        """The same for an object that is deleted `at`, or a version that is revoked; seconds since the epoch."""
        ...

    async def remember(self, admin_id: UUID, key: bytes, response: Remembered, at: datetime) -> None: ...


class Store(Protocol):
    """Every method raises `Unavailable`; `writing`, by an admin who may not any more, what `Admin.confirm` does."""

    def reading(self) -> AbstractAsyncContextManager[Reader]: ...

    def writing(self, *, by: Admin | None) -> AbstractAsyncContextManager[Writer]: ...
