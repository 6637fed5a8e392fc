"""Deletes expired rows in batches, so that no number of them exceeds the time-out of a statement."""

import time
from collections.abc import Awaitable, Callable, Iterable

from shared.errors import Unavailable
from shared.postgres.pool import Database

ROWS_PER_STATEMENT = 1000
"""Rows that one statement deletes: some 10 ms, where the time-out is hundreds."""
TABLE_S = 20.0
"""Seconds that one table takes at most in a round; the next round goes on."""


async def delete_in_batches(database: Database, statement: str, *arguments: object) -> None:
    """`statement` deletes at most as many rows as its last parameter says; it is repeated until it finds none.

    Raises `Unavailable`; what was deleted by then stays so.
    """
    end, status = time.monotonic() + TABLE_S, ""
    while status != "DELETE 0":
        async with database.connection() as connection:
            status = await connection.execute(statement, *arguments, ROWS_PER_STATEMENT)
        if time.monotonic() >= end:
            return


async def each(steps: Iterable[Callable[[], Awaitable[None]]]) -> None:
    """All of `steps`, in their order, whichever fails. Raises the last `Unavailable`."""
    failed: Unavailable | None = None
    for step in steps:
        try:
            await step()
        except Unavailable as error:
            failed = error
    if failed is not None:
        raise failed
