"""The signing keys in use, as of the last look into the store."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from services.token_issuer.signing_keys.sealing import MasterKey
from services.token_issuer.signing_keys.states import IN_USE, PENDING, KeyState, KeyStates, key_states
from services.token_issuer.storage.ports import SigningKeyRecord, SigningKeyStore
from shared.changes.stopped_set import StoppedSet
from shared.clock import Clock
from shared.errors import Unavailable
from shared.jose.keys import PublicKey, load_private_key, load_public_key
from shared.jose.signer import Signer
from shared.sealed_box import CannotOpen

log = structlog.get_logger()

MAX_RING_AGE_S = 60.0
"""Seconds after which a ring that could not be reloaded signs no more: a successor may have started."""


@dataclass(frozen=True, slots=True)
class _Ring:
    keys: KeyStates = field(default_factory=KeyStates)
    signer: Signer | None = None
    public: dict[str, PublicKey] = field(default_factory=dict)
    jwks: dict[str, Any] = field(default_factory=lambda: {"keys": []})


class KeyRing:
    """`reload` it every few seconds; all else is from memory."""

    def __init__(
        self,
        store: SigningKeyStore,
        master_key: MasterKey,
        stopped: StoppedSet,
        clock: Clock,
        *,
        token_lifetime: float,
    ) -> None:
        self._store = store
        self._master_key = master_key
        self._stopped = stopped
        self._clock = clock
        self._token_lifetime = token_lifetime
        self._ring = _Ring()
        self._loaded_at = float("-inf")
        self._signers: dict[str, Signer] = {}

    async def reload(self) -> None:
        """Look into the store. Raises `Unavailable`, and then the ring stays as it was."""
        requested_at = self._clock.monotonic()
        records = await self._store.all()
        keys = key_states(records, self._clock.now(), self._token_lifetime)
        shown = keys.having(*IN_USE)
        await self._open(keys.having(*PENDING, KeyState.SIGNING))
        self._ring = _Ring(
            keys=keys,
            signer=self._signers.get(keys.signing.kid) if keys.signing else None,
            public={r.kid: load_public_key(r.public_jwk, kid=r.kid, algorithm=r.algorithm) for r in shown},
            jwks={"keys": [record.public_jwk for record in shown]},
        )
        self._loaded_at = requested_at

    async def _open(self, records: Sequence[SigningKeyRecord]) -> None:
        """Have a signer for each of `records` and for no other. A key that does not open is logged and left out."""
        signers: dict[str, Signer] = {}
        for record in records:
            try:
                if (signer := self._signers.get(record.kid)) is None:
                    signer = await asyncio.to_thread(self._signer, record)
                signers[record.kid] = signer
            except CannotOpen as error:
                log.error("signing_key.unreadable", kid=record.kid, reason=str(error))
        self._signers = signers

    def _signer(self, record: SigningKeyRecord) -> Signer:
        pem = self._master_key.open(record.kid, record.sealed)
        return Signer(record.kid, record.algorithm, load_private_key(pem))

    def signer(self) -> Signer:
        """Of the key that signs. Raises `Unavailable` when none does, or when it may be another one by now."""
        signer = self._ring.signer
        if signer is None:
            raise Unavailable("there is no signing key that can be used")
        if self._clock.monotonic() - self._loaded_at > MAX_RING_AGE_S:
            raise Unavailable("the signing keys cannot be followed")
        if signer.kid in self._stopped:
            raise Unavailable("the signing key is revoked")
        return signer

    def verification_key(self, kid: str) -> PublicKey | None:
        """The key of tokens that were signed with `kid`, for as long as they may live.

        Raises `Unavailable` before the first look into the store: a valid token would be taken for none of ours.
        """
        if self._loaded_at == float("-inf"):
            raise Unavailable("the signing keys are not known yet")
        return None if kid in self._stopped else self._ring.public.get(kid)

    def jwks(self) -> dict[str, Any]:
        """The JWK Set (RFC 7517 section 5) of all keys that sign, are to sign next, or are retiring.

        Raises `Unavailable` before there are any: by an empty set a verifier would refuse every valid token.
        """
        keys = self._ring.jwks["keys"]
        if not keys:
            raise Unavailable("the signing keys are not known yet")
        return {"keys": [jwk for jwk in keys if jwk["kid"] not in self._stopped]}

    def revoked(self) -> tuple[str, ...]:
        """The kids that the registry has as revoked, and the store has not."""
        return tuple(r.kid for r in self._ring.keys.having(*IN_USE) if r.kid in self._stopped)

    @property
    def keys(self) -> KeyStates:
        """All keys, as of the last look into the store."""
        return self._ring.keys

    async def check(self) -> None:
        """For health: raises `Unavailable` when nothing can be signed."""
        self.signer()
