"""Upstreams of which each has several addresses."""

import contextlib
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gateway.upstreams.settings import Address
from tests.support.harness.public_server import Public, upstream_at
from tests.support.http1.client import converse
from tests.support.http1.upstream import Upstream, running_upstream


@asynccontextmanager
async def upstreams(count: int) -> AsyncIterator[list[Upstream]]:
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(running_upstream()) for _ in range(count)]


def spread_over(*ports: int, weights: tuple[int, ...] = (), **settings: Any) -> Any:
    """An upstream with an address of each port."""
    each = weights or (1,) * len(ports)
    addresses = tuple(Address("127.0.0.1", port, weight) for port, weight in zip(ports, each, strict=True))
    return upstream_at(ports[0], addresses=addresses, **settings)


CLIENTS = itertools.cycle(("127.0.0.2", "127.0.0.3"))
"""By turns: what fails for one alone may be his own fault."""


async def statuses(public: Public, *requests: bytes) -> list[int]:
    """Of requests that are sent one after the other, by two clients."""
    found = []
    for request in requests:
        conversation = await converse(public.port, request, replies=1, quiet=10, client=next(CLIENTS))
        found += [reply.status for reply in conversation.replies]
    return found
