"""What the rules need of the stores. All methods raise `Unavailable` when a store cannot be reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

WRONG_SECRET_WINDOW_S = 60.0


@dataclass(frozen=True, slots=True)
class SigningKeyRecord:
    """A signing key at rest. Times are seconds since the epoch."""

    kid: str
    algorithm: str
    public_jwk: dict[str, Any]
    sealed: bytes
    """The private key as PKCS#8 PEM under the master key."""
    activates_at: float
    revoked_at: float | None = None


class SigningKeyStore(Protocol):
    """All methods that write are atomic against each other, over all copies."""

    async def time(self) -> float:
        """Seconds since the epoch by the clock that all copies share: the times of keys are by this one."""
        ...

    async def all(self) -> Sequence[SigningKeyRecord]: ...

    async def add_first(self, record: SigningKeyRecord) -> bool:
        """Add the key unless there is one that is not revoked. True if it was added."""
        ...

    async def add(self, record: SigningKeyRecord) -> None: ...

    async def revoke(self, kid: str, at: float, successor: SigningKeyRecord) -> bool:
        """Revoke a key and add `successor` in one step; False, and nothing done, when there is no such live key."""
        ...

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


class WrongSecrets(Protocol):
    """When wrong secrets came, for each pair; newest first, no more than `keep`, deleted a window after the last.

    Both raise `Unavailable`.
    """

    async def times(self, pair: str, *, keep: int) -> Sequence[float]: ...

    async def add(self, pair: str, at: float, *, keep: int) -> Sequence[float]:
        """The times, `at` among them: one step, so that of concurrent calls each sees those before it."""
        ...
