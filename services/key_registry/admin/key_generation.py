"""New private keys, created in threads: an RSA key of 4096 bits takes seconds."""

import asyncio

from shared.errors import Unavailable
from shared.jose.keys import SigningKey, generate_private_key
from shared.waiting.daemon_threads import BoundedThreads

THREADS = 2
MAX_WAITING = 16
KEY_GENERATION_TIMEOUT_S = 30.0
"""Seconds for one key, waiting for a thread included."""
DEFAULT_RSA_BITS = 2048


class KeyGenerator(BoundedThreads):
    def __init__(self) -> None:
        super().__init__("key-generation", threads=THREADS, max_waiting=MAX_WAITING)

    async def generate(self, algorithm: str, rsa_bits: int | None) -> SigningKey:
        """Raises `Unavailable` when too many keys are being created already, or this one takes too long.

        One that took too long counts until its thread has ended: CPU and threads are bounded, whoever leaves.
        """
        bits = rsa_bits or (DEFAULT_RSA_BITS if algorithm.startswith("RS") else None)
        try:
            async with asyncio.timeout(KEY_GENERATION_TIMEOUT_S):
                return await self.run(generate_private_key, algorithm, bits)
        except TimeoutError:
            raise Unavailable("creating the key took too long", retry_after=5) from None
