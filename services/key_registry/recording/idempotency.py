"""`Idempotency-Key`: a create or a rotation that is repeated gets the same response, its secret included.

Nothing is done a second time.

The response is kept for a day, encrypted under a key derived from the `Idempotency-Key` and the admin token, which
are not stored: who has the database alone can read none of it.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from services.key_registry.catalog.field_types import instant
from services.key_registry.ports.store import Reader, Remembered, Writer
from shared.errors import Invalid, Unprocessable
from shared.sealed_box import CannotOpen, SealedBox

IDEMPOTENCY_KEYS_KEPT_S = 86400
_KEY_PURPOSE = b"passgate idempotent answer 1"
"""As the first release had it: another one would not open what that has sealed."""
_KEY = re.compile(r"[ -~]{1,255}")


class IdempotencyKeyReused(Unprocessable):
    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """One try of a create: its key, its request, and what can open its response."""

    digest: bytes
    request: bytes
    _box: SealedBox = field(repr=False)
    _admin_id: UUID

    @classmethod
    def of(cls, key: str, *, admin_token: str, admin_id: UUID, request: bytes) -> "IdempotentRequest":
        """`request` is what must be the same the next time. Raises `Invalid` for a key that is none."""
        if _KEY.fullmatch(key) is None:
            raise Invalid.field("Idempotency-Key", "must be 1 to 255 printable ASCII characters")
        digest = hashlib.sha256(key.encode()).digest()
        box = SealedBox.derived(admin_token.encode(), purpose=_KEY_PURPOSE, salt=digest)
        return cls(digest, hashlib.sha256(request).digest(), box, admin_id)

    def seal(self, response: bytes) -> bytes:
        return self._box.seal(response, context=self._context)

    def open(self, sealed: bytes, request: bytes) -> bytes:
        """The response that was sealed for `request`. Raises `IdempotencyKeyReused` when this one is another, and
        where it was sent with another secret of the same admin token, which alone opens the response.

        What the first release sealed opens as well: it is kept for a day.
        """
        if request != self.request:
            raise IdempotencyKeyReused.field("Idempotency-Key", "was used for another request; choose a new one")
        try:
            return self._box.open(sealed, context=self._context, unversioned_too=True)
        except CannotOpen:
            why = "was used with another secret of this admin token: what it did is done; choose a new one"
            raise IdempotencyKeyReused.field("Idempotency-Key", why) from None

    async def recall(self, reader: Reader, now: float) -> dict[str, Any] | None:
        """The response that the same request got before; None when it is a new one.

        `now`, in seconds since the epoch. Raises `IdempotencyKeyReused`.
        """
        since = instant(now - IDEMPOTENCY_KEYS_KEPT_S)
        remembered = await reader.recall(self._admin_id, self.digest, since)
        if remembered is None:
            return None
        shown: dict[str, Any] = orjson.loads(self.open(remembered.sealed, remembered.request))
        return shown

    async def remember(self, writer: Writer, response: dict[str, Any], now: float) -> None:
        """Keep the response, in the transaction of what it responds to."""
        remembered = Remembered(self.request, self.seal(orjson.dumps(response)))
        await writer.remember(self._admin_id, self.digest, remembered, instant(now))

    @property
    def _context(self) -> bytes:
        return self._admin_id.bytes + self.digest + self.request
