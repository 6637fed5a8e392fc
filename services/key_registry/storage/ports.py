"""What the rules need of the store, as protocols; `storage.postgres` implements them."""

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
from services.key_registry.events.ports import EventReader, EventWriter
from services.key_registry.report_only.ports import TrialReader, TrialWriter
from services.key_registry.storage.version_ports import VersionReader, VersionWriter
from services.key_registry.webhooks.ports import WebhookWriter
from shared.contracts.key_registry import (
    AccessKey,
    ApiClient,
    ApiToken,
    Change,
    ChangePage,
    KeyPair,
    Kind,
    Position,
    Revocation,
    Status,
)
from shared.contracts.limits import ObjectLimits
from shared.contracts.signing_keys import GatewayKeys
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


@dataclass(frozen=True, slots=True)
class Reached:
    """A consumer, and whether it has applied a certain position.

    `applied_at` is when it first reported so, `joined_at` when it first reported; None: not yet, or long ago.
    """

    service: str
    instance: str
    joined_at: float
    applied: bool
    applied_at: float | None


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


class Credentials(Protocol):
    """Look-ups of many at once. Each record's `as_of` is of the very snapshot that it was read from."""

    async def api_tokens(self, digests: Sequence[bytes]) -> Mapping[bytes, ApiToken]: ...

    async def access_keys(self, digests: Sequence[bytes]) -> Mapping[bytes, AccessKey]: ...

    async def api_clients(self, keys: Sequence[str]) -> Mapping[str, ApiClient]: ...

    async def key_pairs(self, kids: Sequence[str]) -> Mapping[str, KeyPair]: ...


class Changes(Protocol):
    async def page(self, after: int, limit: int, mark: str | None = None) -> ChangePage:
        """What changed after a position. With a `mark`, a position that has another one, or none, is a gap."""
        ...

    async def find(self, position: int) -> Change | None: ...

    async def snapshot(self, since: float) -> bytes:
        """All that is suspended, and what was revoked later than `since`: a `Snapshot` as JSON, for it is large."""
        ...


FORGOTTEN_AFTER_S = 30.0
"""Seconds after which a consumer that says nothing counts no more, unless its staleness bound is longer: until that
is over it may accept what it cannot look up."""


class ConsumerStore(Protocol):
    """Each method raises `Unavailable` when the store is unavailable.

    `reported_after` and `silent_since` are for the consumers whose bound is no longer than `FORGOTTEN_AFTER_S`; for
    another they are as much earlier as its bound is longer.
    """

    async def report(self, position: Position, at: float) -> None:
        """Keep the report, unless the instance is known as one of another service."""
        ...

    async def forget(self, instance: str, service: str) -> None:
        """Forget the instance, if it is one of this service."""
        ...

    async def reached(self, position: int, reported_after: float, reported_until: float) -> Sequence[Reached]:
        """Each consumer whose last report is later than `reported_after` and no later than `reported_until`.

        They are in the order of service and instance.

        A report of a position counts only if its mark is the one that the position has in the feed.
        """
        ...

    async def gateways(self, reported_after: float, reported_until: float) -> Sequence[GatewayKeys]:
        """Of the same consumers those of the service `gateway`, with the kids in their last report."""
        ...

    async def prune(self, *, silent_since: float, reports_before: float) -> None: ...
