"""`Idempotency-Key`: a create that is repeated gives the same answer, its secret included, and makes nothing.

The answer is kept for a day, encrypted under a key derived from the `Idempotency-Key` and the admin token, which
are not stored: who has the database alone can read none of it.
"""

import hashlib
import os
import re
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.errors import Invalid, Unprocessable

REMEMBERED = 86400
"""Seconds."""
_KEY = re.compile(r"[ -~]{1,255}")
_NONCE = 12


class IdempotencyKeyReused(Unprocessable):
    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """One try of a create: by which key it is known, what it asks, and what can read its answer."""

    digest: bytes
    request: bytes
    _sealing_key: bytes = field(repr=False)
    _admin_id: UUID

    @classmethod
    def of(cls, key: str, *, admin_token: str, admin_id: UUID, request: bytes) -> "IdempotentRequest":
        """`request` is what must be the same the next time. Raises `Invalid` for a key that is none."""
        if _KEY.fullmatch(key) is None:
            raise Invalid.field("Idempotency-Key", "must be 1 to 255 printable ASCII characters")
        digest = hashlib.sha256(key.encode()).digest()
        hkdf = HKDF(hashes.SHA256(), length=32, salt=digest, info=b"passgate idempotent answer 1")
        return cls(digest, hashlib.sha256(request).digest(), hkdf.derive(admin_token.encode()), admin_id)

    def seal(self, response: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self._sealing_key).encrypt(nonce, response, self._context)

    def open(self, sealed: bytes, request: bytes) -> bytes:
        """The answer that was sealed for `request`. Raises `IdempotencyKeyReused` when this one is another."""
        if request != self.request:
            raise IdempotencyKeyReused.field("Idempotency-Key", "was used for another request; choose a new one")
        return AESGCM(self._sealing_key).decrypt(sealed[:_NONCE], sealed[_NONCE:], self._context)

    @property
    def _context(self) -> bytes:
        return self._admin_id.bytes + self.digest + self.request
