"""PostgreSQL's clock: the one that all others are compared with."""

import contextlib

from shared.background_task import PeriodicTask
from shared.clock_offset import ClockOffsets
from shared.errors import Unavailable
from shared.postgres.pool import Connection, Database

NAME = "postgresql"
INTERVAL_S = 1.0
"""A step of all clocks at once is over after this and the consumers' next poll."""


def clock_observation(database: Database, offsets: ClockOffsets) -> PeriodicTask:
    """Observes the server's clock. While it is unavailable, its time goes on with the monotonic clock."""
    peer = offsets.peer(NAME)

    async def observe() -> None:
        with contextlib.suppress(Unavailable):  # health says so
            async with database.connection() as connection:
                exchange = peer.begin()
                exchange.end(str(await server_time(connection)))

    return PeriodicTask("database clock", observe, interval=INTERVAL_S)


class DatabaseClock:
    """What is deleted by its age is deleted by this clock: that of a process may be wrong, and not known to be."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def time(self) -> float:
        """Seconds since the epoch. Raises `Unavailable`."""
        async with self._database.connection() as connection:
            return await server_time(connection)


async def server_time(connection: Connection) -> float:
    """Seconds since the epoch, now and not at the beginning of the transaction."""
    return float(await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8"))
