"""Signing without holding up the event loop."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from shared.errors import Unavailable
from shared.jose.signer import Signer

THREADS = 2
MAX_WAITING = 1000
"""Signatures that may wait, half a second's worth; one more is refused at once."""


class SigningPool:
    """RSA, which takes a millisecond and releases the GIL, signs in threads; ES256 and EdDSA at once."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="signing")
        self._waiting = 0

    async def start(self) -> None:
        """Nothing to do: threads start with the first signature."""

    async def stop(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def sign(self, signer: Signer, claims: Mapping[str, Any], typ: str) -> str:
        if not signer.blocks:
            return signer.sign(claims, typ)
        if self._waiting >= MAX_WAITING:
            raise Unavailable("too many tokens wait for their signature")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, signer.sign, claims, typ)
        finally:
            self._waiting -= 1
