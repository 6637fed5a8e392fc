"""A running plane for tests that are no coroutines: a thread of its own does all that goes on meanwhile."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, TypeVar

import uvloop

from tests.support.chaos.family import Family
from tests.support.chaos.figures import Figures
from tests.support.chaos.judge import Starvation
from tests.support.chaos.model import Thing
from tests.support.chaos.plane import ROUTES, Plane, running_plane
from tests.support.chaos.stores import STORES, StoreStarvation

SAMPLED_EVERY = 0.1
LONGEST_ACT = 120.0
"""Both in seconds."""
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nyes"
T = TypeVar("T")


@dataclass
class Stage:
    """A plane, and what all sequences on it share."""

    plane: Plane
    starvation: Starvation
    figures: Figures
    bystander: Family | None = None
    """Of a company that nothing is done to."""
    scopes_are_booked: bool | None = None
    streaming: bool = False
    signing_keys: dict[str, Thing] = field(default_factory=dict)
    applications: int = 0
    """That have been created, one with each company; the first is the bystander's."""
    routed: int = ROUTES
    """Those below it have routes."""


class RunningStage:
    """`act` runs a coroutine beside everything else, and returns what it does."""

    def __init__(self, loop: asyncio.AbstractEventLoop, stage: Stage) -> None:
        self._loop = loop
        self.stage = stage

    def act(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LONGEST_ACT)


@contextmanager
def running_stage(figures: Figures, *, bound: float) -> Iterator[RunningStage]:
    """A plane that is up. Its consumers trust what they knew for `bound` seconds."""
    loop = uvloop.new_event_loop()
    thread = Thread(target=loop.run_forever, name="plane")
    thread.start()

    def run(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(LONGEST_ACT)

    context = _staged(figures, bound)
    try:
        stage = run(context.__aenter__())
        try:
            yield RunningStage(loop, stage)
        finally:
            run(context.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@asynccontextmanager
async def _staged(figures: Figures, bound: float) -> AsyncIterator[Stage]:
    upstream = await asyncio.start_server(_respond, "127.0.0.1", 0)
    port = upstream.sockets[0].getsockname()[1]
    async with running_plane(f"http://127.0.0.1:{port}", bound=bound) as plane:
        starvation = Starvation()
        sampling = asyncio.create_task(_sample(plane, starvation))
        stage = Stage(plane, starvation, figures)
        try:
            yield stage
        finally:
            sampling.cancel()
            await asyncio.gather(sampling, return_exceptions=True)
            upstream.close()


async def _sample(plane: Plane, starvation: Starvation) -> None:
    """Who has waited for a CPU and for how long; `driver` is this very thread."""
    driver, stores = 0.0, StoreStarvation(plane.postgres, plane.valkey)
    while True:
        began = time.monotonic()
        totals = {name: process.starved() for name, process in plane.processes.items()}
        starvation.add(began, {**totals, "driver": driver, STORES: stores.total()})
        await asyncio.sleep(SAMPLED_EVERY)
        driver += max(0.0, time.monotonic() - began - SAMPLED_EVERY - 0.005)


async def _respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An upstream: whatever reaches it was let through. The requests have no bodies."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(RESPONSE)
            await writer.drain()
    writer.close()
