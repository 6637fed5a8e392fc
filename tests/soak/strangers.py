"""Those who send what is no request: they get a refusal, or nothing, and never anything else."""

import asyncio
import random
from collections.abc import Callable

from tests.soak.servers import HOST
from tests.support.http1.client import converse
from tests.support.http1.framing_payloads import MALFORMED

INTERVAL_S = 0.2
QUIET_S = 3.0
"""Seconds without a byte after which no response is waited for any more."""
MAX_BYTES = 100_000


class Strangers:
    """Sends one malformed request after the other, until cancelled. `violate` is called with what must not be."""

    def __init__(self, port: int, violate: Callable[[str], None]) -> None:
        self.sent = 0
        self._port = port
        self._violate = violate
        self._payloads = [(name, raw) for name, raw in MALFORMED.items() if len(raw) <= MAX_BYTES]

    async def run(self) -> None:
        while True:
            name, raw = random.choice(self._payloads)
            try:
                conversation = await converse(self._port, raw, quiet=QUIET_S, client=f"{HOST[:-1]}9")
            except OSError as error:
                self._violate(f"{name}: {error!r}")
            else:
                for reply in conversation.replies:
                    if not 400 <= reply.status < 500:
                        self._violate(f"{name}: {reply.status}")
            self.sent += 1
            await asyncio.sleep(INTERVAL_S)
