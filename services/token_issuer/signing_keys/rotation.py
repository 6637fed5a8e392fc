"""Making signing keys, rotating them, and ending one that is no longer trusted."""

import asyncio
from dataclasses import replace

import structlog

from services.token_issuer.signing_keys.creation import make_key
from services.token_issuer.signing_keys.phases import Phase, phases
from services.token_issuer.signing_keys.sealing import MasterKey
from services.token_issuer.storage.ports import SigningKeyRecord, SigningKeyStore
from shared.clock import Clock

log = structlog.get_logger()


class KeyRotator:
    """Makes keys and ends them. RSA keys take up to seconds, which pass in a thread."""

    def __init__(
        self, store: SigningKeyStore, master_key: MasterKey, clock: Clock, *, algorithm: str, bits: int | None
    ) -> None:
        self._store = store
        self._master_key = master_key
        self._clock = clock
        self._algorithm = algorithm
        self._bits = bits

    async def ensure_first(self) -> None:
        """Make the first key, which signs at once. Of several copies that do so together, one has its key kept."""
        if await self._store.add_first(await self._make(starts_in=0.0)):
            log.info("signing_key.created", algorithm=self._algorithm)

    async def rotate(self, *, propagation: float) -> SigningKeyRecord:
        """Publish a new key, which takes over after `propagation` seconds; its predecessor stays published."""
        record = await self._make(starts_in=propagation)
        await self._store.add(record)
        return record

    async def revoke(self, kid: str) -> SigningKeyRecord | None:
        """End a key now, with a successor that signs at once. None when there is no such key left to revoke."""
        successor = await self._make(starts_in=0.0)
        return successor if await self._store.revoke(kid, self._clock.now(), successor) else None

    async def successor_of(self, kid: str) -> SigningKeyRecord | None:
        """The key that has signed since `kid` was revoked, None when that is not revoked."""
        records = await self._store.all()
        if not any(record.kid == kid and record.revoked_at is not None for record in records):
            return None
        living = [r for r in records if r.revoked_at is None and r.activates_at <= self._clock.now()]
        return max(living, key=lambda record: (record.activates_at, record.kid), default=None)

    async def remove_gone(self, *, token_lifetime: float) -> None:
        """Delete the keys whose last token is dead, and revoked ones."""
        records = await self._store.all()
        phase = phases(records, self._clock.now(), token_lifetime)
        if gone := [record.kid for record in records if phase[record.kid] is Phase.GONE]:
            await self._store.remove(gone)

    async def _make(self, *, starts_in: float) -> SigningKeyRecord:
        record = await asyncio.to_thread(
            make_key,
            self._master_key,
            algorithm=self._algorithm,
            bits=self._bits,
            activates_at=self._clock.now(),
        )
        return replace(record, activates_at=self._clock.now() + starts_in)
