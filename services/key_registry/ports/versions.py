"""What the rules need of the store about secrets and ends of credentials: a part of its reader and its writer."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.key_registry.catalog.expiry import Expired
from services.key_registry.catalog.resources import Resource, Row
from services.key_registry.catalog.versions import QuietSecret, RetiredVersion, Version


class VersionReader(Protocol):
    async def find_by_secret(self, resource: Resource, digest: bytes) -> tuple[Row, Version] | None:
        """The credential of this kind one of whose secrets has this SHA-256, and that secret, working or not."""
        ...

    async def find_named(self, resource: Resource, names: Collection[str]) -> Sequence[Row]:
        """The API clients with these keys, or the key pairs with these kids, in no order; of other kinds none."""
        ...

    async def find_key_pairs(self, thumbprint: bytes) -> Sequence[Row]:
        """Those whose public key has this SHA-256 thumbprint (RFC 7638), in the order in which they came."""
        ...

    async def versions(self, ids: Collection[UUID]) -> Mapping[UUID, Sequence[Version]]:
        """The secrets of each of these credentials, in no order: all that work, and the newest of the others.

        Not more than `MAX_SHOWN_VERSIONS` of each.
        """
        ...

    async def last_used(self, ids: Collection[UUID]) -> Mapping[UUID, Mapping[int, datetime]]:
        """When each of these credentials was used last, by the version of its secret; 0: by none of them."""
        ...

    async def retired(self, now: datetime, limit: int) -> Sequence[RetiredVersion]:
        """Secrets that have retired by `now` and of which nobody was informed yet, the oldest first."""
        ...

    async def quiet(self, now: datetime, margin_s: float, limit: int) -> Sequence[QuietSecret]:
        """What works and has not been used for its `quiet_for` and `margin_s`; the longest first.

        In the place of `margin_s` the longest staleness bound of the processes that follow the changes, if longer.
        Nothing while it is not known of each process how far it has counted; where calls were lost, and where
        something was stopped, the time began anew.
        """
        ...

    async def expired(self, now: datetime, limit: int) -> Sequence[Expired]:
        """Credentials that have ended by `now` and of which nobody was informed yet; not those that are revoked."""
        ...


class VersionWriter(VersionReader, Protocol):
    async def add_version(self, resource: Resource, credential_id: UUID, version: Version) -> None:
        """Keep one more secret of a credential. The first one comes with the credential."""
        ...

    async def update_version(self, credential_id: UUID, version: Version) -> None:
        """Write when it ends, and whether at once."""
        ...

    async def retirement_announced(self, version: RetiredVersion) -> None: ...

    async def expiry_announced(self, credential: Expired) -> None: ...
