"""What is done to signing keys, and when by itself: publish the next one, revoke one, clear away what is over.

When a key begins to sign is decided in `may_sign`. Each step is one transaction of the store: of several copies of
the issuer, or of one that was killed and the next, one has its way, and the others find it done.
"""

import structlog

from services.token_issuer.signing_keys.audit_lines import published, retired
from services.token_issuer.signing_keys.creation import KeyFactory
from services.token_issuer.signing_keys.states import KeyState, KeyStates, key_states, retires_at
from services.token_issuer.storage.ports import SigningKeyRecord, SigningKeyStore
from shared.audit.ports import Audit

log = structlog.get_logger()

PAST_KEYS_SHOWN_S = 31 * 86400.0
"""Seconds for which a key that is retired or revoked is still listed, without its private half."""


def next_rotation_at(keys: KeyStates, rotation_interval: float) -> float | None:
    """When the next key is published by the schedule; None without one, and while a key waits to sign."""
    signing = keys.signing
    if not rotation_interval or signing is None or signing.signing_since is None or keys.pending is not None:
        return None
    return signing.signing_since + rotation_interval


class KeyRotator:
    def __init__(self, store: SigningKeyStore, factory: KeyFactory, audit: Audit) -> None:
        self._store = store
        self._factory = factory
        self._audit = audit

    async def ensure_first(self) -> SigningKeyRecord | None:
        """Create the very first key, which signs at once: no gateway has another one that it could be without.

        None where there is or was a key, or another copy was first.
        """
        if await self._store.all():
            return None
        record = await self._factory.create()
        if not await self._store.add_first(record):
            return None
        log.info("signing_key.created", kid=record.kid, algorithm=record.algorithm)
        self._audit.note(published(self._audit, record))
        return record

    async def publish(self) -> SigningKeyRecord | None:
        """Create the next key, which signs nothing yet. None where there is one already that waits to sign."""
        record = await self._factory.create()
        if not await self._store.add_pending(record):
            return None
        log.info("signing_key.published", kid=record.kid, algorithm=record.algorithm)
        self._audit.note(published(self._audit, record))
        return record

    async def revoke(self, kid: str) -> bool:
        """The key signs no more and its private half is destroyed; False when there is no such live key."""
        if not await self._store.revoke(kid):
            return False
        log.warning("signing_key.revoked", kid=kid)
        return True

    async def clear_away(self, now: float, *, token_lifetime: float) -> None:
        """Destroy the private halves of retired keys, and delete what was over long ago. Raises `Unavailable`."""
        keys = key_states(await self._store.all(), now, token_lifetime)
        over = [record for record in keys.having(KeyState.RETIRED) if record.sealed]
        for record in over:
            await self._audit.record(retired(self._audit, record))
        if over:
            await self._store.destroy_private([record.kid for record in over])
        before = now - PAST_KEYS_SHOWN_S
        past = keys.having(KeyState.RETIRED, KeyState.REVOKED)
        if gone := [r.kid for r in past if (r.revoked_at or retires_at(r, token_lifetime) or now) < before]:
            await self._store.remove(gone)
