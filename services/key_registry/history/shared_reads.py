"""What several copies of the history need of the database at once, read once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

from shared.waiting.shared_result import shared_result

T = TypeVar("T")


class SharedReads:
    """For one round of the copies: those that are equally far need the same of the database."""

    def __init__(self) -> None:
        self._reads: dict[Hashable, asyncio.Future[Any]] = {}

    async def once(self, read: Callable[..., Awaitable[T]], *arguments: Hashable) -> T:
        """What `read` returns or raises. It goes on when one of those who wait for it is cancelled."""
        key = (read, arguments)
        if key not in self._reads:
            self._reads[key] = asyncio.ensure_future(read(*arguments))
        result: T = await shared_result(self._reads[key])
        return result
