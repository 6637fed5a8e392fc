"""The token issuer's stores in memory."""

from collections.abc import Sequence
from dataclasses import replace

from services.token_issuer.storage.ports import SigningKeyRecord
from shared.clock import Clock, SystemClock


class MemorySigningKeys:
    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._records: dict[str, SigningKeyRecord] = {}

    async def time(self) -> float:
        return self._clock.now()

    async def all(self) -> Sequence[SigningKeyRecord]:
        return [self._records[kid] for kid in sorted(self._records)]

    async def add_first(self, record: SigningKeyRecord) -> bool:
        if any(other.revoked_at is None for other in self._records.values()):
            return False
        self._records[record.kid] = record
        return True

    async def add(self, record: SigningKeyRecord) -> None:
        self._records[record.kid] = record

    async def revoke(self, kid: str, at: float, successor: SigningKeyRecord) -> bool:
        record = self._records.get(kid)
        if record is None or record.revoked_at is not None:
            return False
        self._records[kid] = replace(record, revoked_at=at)
        self._records[successor.kid] = successor
        return True

    async def remove(self, kids: Sequence[str]) -> None:
        for kid in kids:
            self._records.pop(kid, None)

    async def require_known_schema(self) -> None:
        """There is but one."""


class MemoryUsedAssertions:
    def __init__(self) -> None:
        self._expiries: dict[tuple[str, bytes], float] = {}

    def __len__(self) -> int:
        return len(self._expiries)

    async def use(self, kid: str, jti_digest: bytes, expires_at: float) -> bool:
        if (kid, jti_digest) in self._expiries:
            return False
        self._expiries[(kid, jti_digest)] = expires_at
        return True

    async def was_used(self, kid: str, jti_digest: bytes) -> bool:
        return (kid, jti_digest) in self._expiries

    async def delete_expired(self, before: float, *, limit: int) -> int:
        expired = [used for used, expiry in self._expiries.items() if expiry < before][:limit]
        for used in expired:
            del self._expiries[used]
        return len(expired)
