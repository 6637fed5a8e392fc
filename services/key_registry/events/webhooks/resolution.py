"""The addresses that a name leads to, as the system resolves it."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

from services.key_registry.events.webhooks.targets import Address, ForbiddenTarget, Target, TargetPolicy
from shared.errors import Unavailable
from shared.waiting.daemon_threads import BoundedThreads

LOOKUP_TIMEOUT_S = 3.0
THREADS = 32
"""More than there are deliveries at a time: a name that is slow to resolve holds up no other."""

Lookup = Callable[[str, int], Awaitable[Sequence[Address]]]
"""The addresses of a host. Raises `Unresolved`."""


class Unresolved(Exception):
    """There is no such name, or nobody who knows it responds."""


class SystemNames:
    def __init__(self) -> None:
        self._threads = BoundedThreads("webhook_names", threads=THREADS, max_waiting=2 * THREADS)

    async def start(self) -> None:
        await self._threads.start()

    async def stop(self) -> None:
        await self._threads.stop()

    async def addresses(self, host: str, port: int) -> Sequence[Address]:
        """Also of what the system takes for an address, in whatever base it is written. Raises `Unresolved`."""
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT_S):
                found = await self._threads.run(_resolved, host, port)
        except (OSError, UnicodeError, TimeoutError, Unavailable):
            raise Unresolved(host) from None
        return found


def _resolved(host: str, port: int) -> Sequence[Address]:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # A zone (fe80::1%eth0) is cut off: what has one is link-local, and refused.
    return list(dict.fromkeys(ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in infos))


async def allowed_addresses(target: Target, lookup: Lookup, policy: TargetPolicy) -> Sequence[Address]:
    """Those of the target, if each of them may be connected to. Raises `Unresolved` and `ForbiddenTarget`.

    Whoever connects, connects to one of these: the name is not resolved again.
    """
    policy.check(target, ())
    addresses = await lookup(target.host, target.port)
    policy.check(target, addresses)
    if not addresses:
        raise Unresolved(target.host)
    return addresses


async def check_target(target: Target, lookup: Lookup, policy: TargetPolicy) -> None:
    """For a URL that is being set: what cannot be resolved now may be later, and is checked then.

    Raises `ForbiddenTarget`.
    """
    try:
        await allowed_addresses(target, lookup, policy)
    except Unresolved:
        if not target.secure:
            raise ForbiddenTarget("must begin with https://") from None
