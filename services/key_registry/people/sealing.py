"""What a client keeps for us for a few minutes: sealed, with its end, and good for one use.

So strangers who begin many things write nothing, and fill no table. What was used is kept until it would have
expired.
"""

import os
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.key_registry.catalog.field_types import instant
from shared import opaque
from shared.sealed_box import KEY_BYTES, CannotOpen, SealedBox

MAX_LIFE_S = 3600
"""An end that is further away was never sealed here."""
END_BYTES = 8


class InvalidSeal(Exception):
    """`args[0]` says why, in one word: `expired`, or `malformed` for what is not ours or for something else."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What the client keeps."""

    data: bytes = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenedSeal:
    content: bytes = field(repr=False)
    digest: bytes
    """By which it is known once it was used."""
    expires_at: datetime


class UsedSeals(Protocol):
    async def use_seal(self, seal: OpenedSeal) -> bool:
        """False where it was used. Raises `Unavailable`."""
        ...


class Seals:
    """`purpose` binds what is sealed to what it is for: under another one it is malformed."""

    def __init__(self, box: SealedBox) -> None:
        self._box = box

    @classmethod
    def of_this_process(cls) -> "Seals":
        """Under a key that nobody else has, and that ends with the process."""
        return cls(SealedBox(os.urandom(KEY_BYTES)))

    def seal(self, content: bytes, purpose: bytes, *, now: float, life_s: int) -> Seal:
        """Until `life_s` seconds after `now`, to the second below."""
        end = int(now + life_s)
        return Seal(self._box.seal(end.to_bytes(END_BYTES) + content, context=purpose), instant(end))

    def open(self, sealed: bytes, purpose: bytes, *, now: float, content_bytes: int | None = None) -> OpenedSeal:
        """Raises `InvalidSeal`. Whether it was used is known to the store alone.

        With `content_bytes`, content of another length counts as expired: another version of us sealed it.
        """
        try:
            plain = self._box.open(sealed, context=purpose)
        except CannotOpen:
            raise InvalidSeal("malformed") from None
        end, content = int.from_bytes(plain[:END_BYTES]), plain[END_BYTES:]
        if not now < end <= now + MAX_LIFE_S or content_bytes not in (None, len(content)):
            raise InvalidSeal("expired")
        return OpenedSeal(content, opaque.digest(sealed.hex()), instant(end))
