"""Signing without holding up the event loop."""

from collections.abc import Mapping
from typing import Any

from shared.bounded_threads import BoundedThreads
from shared.jose.signer import Signer

THREADS = 2
MAX_WAITING = 1000
"""Signatures that may wait, half a second's worth; one more is refused at once."""


class SigningPool(BoundedThreads):
    """RSA, which takes a millisecond and releases the GIL, signs in threads; ES256 and EdDSA at once."""

    def __init__(self) -> None:
        super().__init__("signing", threads=THREADS, max_waiting=MAX_WAITING)

    async def sign(self, signer: Signer, claims: Mapping[str, Any], typ: str) -> str:
        """Raises `Unavailable` when too many tokens wait for their signature."""
        return await self.run(signer.sign, claims, typ) if signer.blocks else signer.sign(claims, typ)
