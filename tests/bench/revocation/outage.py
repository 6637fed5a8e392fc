"""With Valkey stopped, the registry falls silent too: how soon every gateway rejects."""

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.load import Request
from tests.bench.revocation.http_client import Connections

SILENCE = 7.0
"""Seconds for which the registry does not answer: longer than the bound of 5."""
PAUSE = 0.04
RECOVERY_LIMIT = 20.0
"""Both in seconds."""


@dataclass
class Outage:
    """In seconds: from the registry's falling silent to the last 2xx, from its return to the next one."""

    last_accepted: float
    recovered: float
    statuses: tuple[int, ...]
    """What came instead of a 2xx."""


async def measure_outage(gateways: Sequence[Connections], requests: Sequence[Request], registry_pid: int) -> Outage:
    """The registry's process is halted, not ended: it accepts connections, and answers none of them."""
    loop = asyncio.get_running_loop()
    accepted_at, instead = 0.0, set()
    os.kill(registry_pid, signal.SIGSTOP)
    try:
        began = loop.time()

        async def use(gateway: Connections, wire: bytes) -> None:
            nonlocal accepted_at
            while loop.time() < began + SILENCE:
                response = await gateway.send(wire)
                if response.accepted:
                    accepted_at = max(accepted_at, response.at)
                else:
                    instead.add(response.status)
                await asyncio.sleep(PAUSE)

        await asyncio.gather(*(use(g, r.wire(g.port)) for g in gateways for r in requests))
    finally:
        os.kill(registry_pid, signal.SIGCONT)
    back = loop.time()
    for gateway in gateways:
        for request in requests:
            while not (await gateway.send(request.wire(gateway.port))).accepted:
                if loop.time() > back + RECOVERY_LIMIT:
                    break
                await asyncio.sleep(PAUSE)
    return Outage(accepted_at - began, loop.time() - back, tuple(sorted(instead)))
