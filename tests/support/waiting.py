"""Waiting for what has to become so within a time, and no longer than it takes."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable


async def within(seconds: float, condition: Callable[[], object | Awaitable[object]]) -> None:
    """Ask `condition` until it is true. Raises `TimeoutError` after so many seconds."""
    async with asyncio.timeout(seconds):
        while True:
            response = condition()
            if await response if inspect.isawaitable(response) else response:
                return
            await asyncio.sleep(0.01)
