"""What a client keeps for us for a few minutes: sealed, with its end, and good for one use.

So strangers who begin many things write nothing, and fill no table. What was used is kept until it would have
expired.
"""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from shared import opaque
from shared.sealed_box import KEY_BYTES, CannotOpen, SealedBox

MAX_LIFE_S = 3600
"""An end that is further away was never sealed here."""
END_BYTES = 8


class InvalidSeal(Exception):
    """`args[0]` says why, in one word: `expired`, or `malformed` for what is not ours or for something else."""


@dataclass(frozen=True, slots=True)
class Opened:
    content: bytes = field(repr=False)
    digest: bytes
    """By which it is known once it was used."""
    expires_at: datetime


class UsesOnce(Protocol):
    async def use_once(self, opened: Opened) -> bool:
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

    def seal(self, content: bytes, purpose: bytes, *, now: float, life_s: int) -> bytes:
        """Until `life_s` seconds after `now`, to the second below."""
        return self._box.seal(int(now + life_s).to_bytes(END_BYTES) + content, context=purpose)

    def open(self, sealed: bytes, purpose: bytes, *, now: float, content_bytes: int | None = None) -> Opened:
        """Raises `InvalidSeal`. Whether it was used is known to the store alone.

        With `content_bytes`, content of another length counts as expired: another version of us sealed it.
        """
        try:
            opened = self._box.open(sealed, context=purpose)
        except CannotOpen:
            raise InvalidSeal("malformed") from None
        end, content = int.from_bytes(opened[:END_BYTES]), opened[END_BYTES:]
        if not now < end <= now + MAX_LIFE_S or content_bytes not in (None, len(content)):
            raise InvalidSeal("expired")
        return Opened(content, opaque.digest(sealed.hex()), datetime.fromtimestamp(end, UTC))
