"""Creating signing keys, rotating them, and ending one that is no longer trusted."""

import asyncio
from dataclasses import replace

from services.token_issuer.signing_keys.creation import create_key
from services.token_issuer.signing_keys.phases import Phase, phases
from services.token_issuer.signing_keys.sealing import MasterKey
from services.token_issuer.storage.ports import SigningKeyRecord, SigningKeyStore


class KeyRotator:
    """Creates keys and ends them. RSA keys take up to seconds, which pass in a thread.

    When a key starts is by the clock of the store, which all copies share.
    """

    def __init__(self, store: SigningKeyStore, master_key: MasterKey, *, algorithm: str, bits: int | None) -> None:
        self._store = store
        self._master_key = master_key
        self._algorithm = algorithm
        self._bits = bits

    async def ensure_first(self) -> SigningKeyRecord | None:
        """Create the first key, which signs at once, if there is none. Of several copies one has its key kept.

        None where there is a key already, or another copy was first.
        """
        if any(record.revoked_at is None for record in await self._store.all()):
            return None
        record = await self._create(starts_in=0.0)
        return record if await self._store.add_first(record) else None

    async def rotate(self, *, propagation: float) -> SigningKeyRecord:
        """Publish a new key, which takes over after `propagation` seconds; its predecessor stays published.

        Where no key signs yet, it signs at once.
        """
        record = await self._create(starts_in=propagation if await self._in_use() else 0.0)
        await self._store.add(record)
        return record

    async def revoke(self, kid: str) -> SigningKeyRecord | None:
        """End a key now, with a successor that signs at once. None when there is no such key left to revoke."""
        if not any(record.kid == kid and record.revoked_at is None for record in await self._store.all()):
            return None
        successor = await self._create(starts_in=0.0)
        return successor if await self._store.revoke(kid, await self._store.time(), successor) else None

    async def successor_of(self, kid: str) -> SigningKeyRecord | None:
        """The key that has signed since `kid` was revoked, None when that is not revoked."""
        records = await self._store.all()
        if not any(record.kid == kid and record.revoked_at is not None for record in records):
            return None
        phase = phases(records, await self._store.time(), token_lifetime=0.0)
        return next((record for record in records if phase[record.kid] is Phase.ACTIVE), None)

    async def remove_gone(self, now: float, *, token_lifetime: float) -> None:
        """Delete the keys whose last token is dead at `now`, in seconds since the epoch, and revoked ones."""
        records = await self._store.all()
        phase = phases(records, now, token_lifetime)
        if gone := [record.kid for record in records if phase[record.kid] is Phase.GONE]:
            await self._store.remove(gone)

    async def _create(self, *, starts_in: float) -> SigningKeyRecord:
        record = await asyncio.to_thread(
            create_key,
            self._master_key,
            algorithm=self._algorithm,
            bits=self._bits,
            activates_at=0.0,
        )
        # Counted from now: an RSA key took its time.
        return replace(record, activates_at=await self._store.time() + starts_in)

    async def _in_use(self) -> bool:
        now = await self._store.time()
        return any(r.revoked_at is None and r.activates_at <= now for r in await self._store.all())
