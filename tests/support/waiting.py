"""Waiting for an event: ends as soon as it happens, and fails only after a time that no busy machine needs."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

BUSY_MACHINE_LIMIT_S = 20.0
"""Seconds for what takes well below one on a quiet machine: of promises such as "within a second" a test holds
that they come true without any other help. How soon is measured by `make bench-revocation`."""

T = TypeVar("T")


async def within(seconds: float, condition: Callable[[], object | Awaitable[object]]) -> None:
    """Evaluate `condition` until it is true. Raises `TimeoutError` after so many seconds."""
    async with asyncio.timeout(seconds):
        while True:
            response = condition()
            if await response if inspect.isawaitable(response) else response:
                return
            await asyncio.sleep(0.01)


async def until(condition: Callable[[], object | Awaitable[object]]) -> None:
    """`within` the time that a busy machine may take."""
    await within(BUSY_MACHINE_LIMIT_S, condition)


async def becomes(
    expected: T, probe: Callable[[], Awaitable[T]], *, meanwhile: Callable[[T], bool] | None = None
) -> T:
    """Call `probe` until it returns `expected`; whatever it returns before must satisfy `meanwhile`.

    Raises `AssertionError` with the last value when it does not within the time that a busy machine may take.
    """
    last: list[T] = []
    try:
        async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
            while True:
                value = await probe()
                if value == expected:
                    return value
                assert meanwhile is None or meanwhile(value), value
                last[:] = [value]
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"still {last}, and not {expected!r}") from None
