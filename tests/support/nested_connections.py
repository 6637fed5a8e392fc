"""Finds code that takes a connection of a pool while it holds another one of the same pool.

As many of these at once as the pool has connections wait for each other, and everybody else with them, until the
time-out. Code of the tests may do so.
"""

import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path

import pytest

from shared.postgres import pool
from shared.postgres.pool import Connection, Database

_TESTS = str(Path(__file__).parents[1])
_BETWEEN = {pool.__file__, __file__, contextlib.__file__}
_held: ContextVar[tuple[int, ...]] = ContextVar("held", default=())


@contextmanager
def refused() -> Iterator[None]:
    """Raises `AssertionError` where such code runs in this process."""
    connection = Database.connection

    def watched(self: Database) -> AbstractAsyncContextManager[Connection]:
        return _watched(self, connection(self))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "connection", watched)
        yield


@asynccontextmanager
async def _watched(
    database: Database, connection: AbstractAsyncContextManager[Connection]
) -> AsyncIterator[Connection]:
    if _from_test():
        async with connection as opened:
            yield opened
        return
    held = _held.get()
    assert id(database) not in held, "a second connection of the same pool: read over the first, or end it before"
    _held.set((*held, id(database)))
    try:
        async with connection as opened:
            yield opened
    finally:
        _held.set(held)


def _from_test() -> bool:
    """Whether a test opened it, itself or by a context manager such as that of a store."""
    frame = sys._getframe(1)
    while (outer := frame.f_back) is not None and {frame.f_code.co_filename, outer.f_code.co_filename} & _BETWEEN:
        frame = outer
    return frame.f_code.co_filename.startswith(_TESTS)
