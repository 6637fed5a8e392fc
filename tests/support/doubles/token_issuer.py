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
        if self._records:
            return False
        self._records[record.kid] = self._added(record, signing_since=self._clock.now())
        return True

    async def add_pending(self, record: SigningKeyRecord) -> bool:
        if any(map(_pending, self._records.values())):
            return False
        self._records[record.kid] = self._added(record, signing_since=None)
        return True

    def _added(self, record: SigningKeyRecord, *, signing_since: float | None) -> SigningKeyRecord:
        return replace(record, published_at=self._clock.now(), signing_since=signing_since)

    async def set_confirmed(self, kid: str, *, confirmed: bool) -> bool:
        record = self._records.get(kid)
        if record is None or not _pending(record) or (record.confirmed_at is not None) is confirmed:
            return False
        self._records[kid] = replace(record, confirmed_at=self._clock.now() if confirmed else None)
        return True

    async def activate(self, kid: str) -> bool:
        if kid not in self._records or not _pending(self._records[kid]):
            return False
        now = self._clock.now()
        for other in list(self._records.values()):
            if other.signing_since is not None and other.retiring_since is None and other.revoked_at is None:
                self._records[other.kid] = replace(other, retiring_since=now)
        self._records[kid] = replace(self._records[kid], signing_since=now)
        return True

    async def revoke(self, kid: str) -> bool:
        record = self._records.get(kid)
        if record is None or record.revoked_at is not None:
            return False
        self._records[kid] = replace(record, revoked_at=self._clock.now(), sealed=b"")
        return True

    async def destroy_private(self, kids: Sequence[str]) -> None:
        for kid in kids:
            self._records[kid] = replace(self._records[kid], sealed=b"")

    async def remove(self, kids: Sequence[str]) -> None:
        for kid in kids:
            self._records.pop(kid, None)

    async def require_known_schema(self) -> None:
        """There is but one."""


def _pending(record: SigningKeyRecord) -> bool:
    return record.revoked_at is None and record.signing_since is None


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
