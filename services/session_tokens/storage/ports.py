"""What the rules need of the outside, as protocols. Every method raises `Unavailable` when in doubt."""

from collections.abc import Sequence
from typing import Literal, Protocol

from shared.contracts.key_registry import AccessKey, AuditEvent, Revocation


class SessionStore(Protocol):
    """Sealed sessions by id, each gone by itself after its TTL."""

    async def put(self, id_: str, sealed: bytes, *, ttl: int, uses: int | None, event: AuditEvent) -> None:
        """Keep `sealed` for `ttl` seconds from now on, and for that many uses if they are counted.

        The session and its audit event are kept in one atomic step: neither is ever there without the other.
        """
        ...

    async def get(self, id_: str) -> bytes | None: ...

    async def get_all(self, ids: Sequence[str]) -> Sequence[bytes | None]:
        """Each as `get` has it, in their order."""
        ...

    async def take_use(self, id_: str) -> bool:
        """Use up one of the uses of a counted session: N of them succeed, however many try at once."""
        ...

    async def end(self, id_: str) -> bool:
        """Whether it was there: of several that end it at once, one is told so."""
        ...


class Outbox(Protocol):
    """Audit events that were kept with their sessions, until the key registry has them."""

    async def take(self, limit: int) -> Sequence[tuple[str, AuditEvent | None]]:
        """The oldest entries, each with its id; None where an entry cannot be read.

        Empty also while another copy of the service relays. That only saves work: an event may be relayed twice.
        """
        ...

    async def remove(self, entries: Sequence[str]) -> None: ...

    async def length(self) -> int: ...

    async def oldest_age(self) -> float:
        """Seconds for which the oldest entry has been there, 0 when there is none."""
        ...


class AccessKeys(Protocol):
    async def get(self, key: bytes) -> AccessKey | None:
        """The access key with this SHA-256."""
        ...

    def known(self, key: bytes) -> AccessKey | None:
        """The same; None also when somebody else would have to be asked."""
        ...


class Ended(Protocol):
    """The ids of the tokens that were ended or revoked before their time, as far as the registry was followed.

    The store forgets an ended token, but one that fails over or comes back from a copy may remember it again. The
    registry's record is what holds, and reaches every copy of this service with its changes.
    """

    def __contains__(self, id_: str) -> bool: ...

    def revoke(self, id_: str, until: float, kind: Literal["session_token"]) -> None:
        """In force at once and permanently: an older state of the registry's record does not undo it."""
        ...


class Freshness(Protocol):
    def require_fresh(self) -> None:
        """Raises `Unavailable` while it is not known which tokens were ended."""
        ...


class Revocations(Protocol):
    async def revoke(self, revocation: Revocation) -> None:
        """Returns when the revocation and its audit line are durable, in one transaction."""
        ...
