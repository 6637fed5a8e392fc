"""What the rules need of the stores. All methods raise `Unavailable` when a store cannot be reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class SigningKeyRecord:
    """A signing key at rest. Times are seconds since the epoch, by the store's clock; None: it has not happened."""

    kid: str
    algorithm: str
    public_jwk: dict[str, Any]
    sealed: bytes
    """The private key as PKCS#8 PEM under the master key; empty once it is destroyed."""
    published_at: float = 0.0
    confirmed_at: float | None = None
    """Since when every gateway has it; only of a key that has not signed yet is it kept up to date."""
    signing_since: float | None = None
    retiring_since: float | None = None
    """Since when another key signs."""
    revoked_at: float | None = None


class SigningKeyStore(Protocol):
    """All methods that write are atomic against each other, over all copies, and set times by the store's clock."""

    async def time(self) -> float:
        """Seconds since the epoch by the clock that all copies share: the times of keys are by this one."""
        ...

    async def all(self) -> Sequence[SigningKeyRecord]: ...

    async def add_first(self, record: SigningKeyRecord) -> bool:
        """Add a key that signs at once, unless there is or was any. True if it was added."""
        ...

    async def add_pending(self, record: SigningKeyRecord) -> bool:
        """Add a key that is published and does not sign, unless there is such a one. True if it was added."""
        ...

    async def set_confirmed(self, kid: str, *, confirmed: bool) -> bool:
        """Whether every gateway has the key, as long as it does not sign. True if that was not known."""
        ...

    async def activate(self, kid: str) -> bool:
        """The pending key signs from now on, and whichever did retires: one step. False when it is not pending."""
        ...

    async def revoke(self, kid: str) -> bool:
        """The key signs no more, and its private half is destroyed; False when there is no such live key."""
        ...

    async def destroy_private(self, kids: Sequence[str]) -> None: ...

    async def remove(self, kids: Sequence[str]) -> None: ...

    async def require_known_schema(self) -> None:
        """Raises `SchemaMismatch` when the store is of an older release, or of one that this does not know."""
        ...


class UsedAssertions(Protocol):
    """The ids that were used, for each key: the truth about what may work once only."""

    async def use(self, kid: str, jti_digest: bytes, expires_at: float) -> bool:
        """True for the first use, durable on return; False for each later one. Raises `Unavailable`."""
        ...

    async def was_used(self, kid: str, jti_digest: bytes) -> bool:
        """Whether it was used before. Raises `Unavailable`."""
        ...

    async def delete_expired(self, before: float, *, limit: int) -> int:
        """Delete at most `limit` ids of assertions that expired before that time; their number.

        Raises `Unavailable`.
        """
        ...
