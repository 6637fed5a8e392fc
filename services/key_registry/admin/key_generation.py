"""New private keys, made in threads: an RSA key of 4096 bits takes seconds."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from shared.errors import Unavailable
from shared.jose.keys import SigningKey, generate_private_key

AT_ONCE = 2
MAX_WAITING = 16
TIMEOUT = 30.0
"""Seconds for one key, waiting for a thread included."""
DEFAULT_RSA_BITS = 2048


class KeyGenerator:
    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, "key-generation")
        self._waiting = 0

    async def start(self) -> None:
        """Threads start with the first key."""

    async def stop(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def generate(self, algorithm: str, rsa_bits: int | None) -> SigningKey:
        """Raises `Unavailable` when too many keys are being made already, or this one takes too long."""
        if self._waiting >= MAX_WAITING:
            raise Unavailable("too many keys are being made; try again later", retry_after=5)
        bits = rsa_bits or (DEFAULT_RSA_BITS if algorithm.startswith("RS") else None)
        self._waiting += 1
        try:
            async with asyncio.timeout(TIMEOUT):
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._threads, generate_private_key, algorithm, bits)
        except TimeoutError:
            raise Unavailable("making the key took too long", retry_after=5) from None
        finally:
            self._waiting -= 1
