"""A bounded asyncpg pool. Whatever keeps a result from being known is `Unavailable`, within the time-out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
import orjson

from shared.errors import Unavailable
from shared.postgres.connection import TypedConnection

SERVER_STATE_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # "another operation is in progress": on a connection that is being lost
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.CannotConnectNowError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.PostgresSystemError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.UndefinedTableError,  # this and the next four: the schema is not migrated yet
    asyncpg.UndefinedColumnError,
    asyncpg.UndefinedFunctionError,
    asyncpg.UndefinedObjectError,
    asyncpg.InvalidColumnReferenceError,  # no unique index for an ON CONFLICT
    asyncpg.ObjectNotInPrerequisiteStateError,  # a database that takes no connections: it is being restored
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""Errors of the server's state, not of the statement: the operation may be tried again later."""

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[Any]"


class Database:
    """A pool that can be created without a server: connections open at their first use.

    `timeout` bounds one use of a connection, waiting for it and all its statements included, in seconds.
    """

    def __init__(self, dsn: str, *, schema: str, size: int = 10, timeout: float = 0.8) -> None:
        self._dsn = dsn
        self._schema = schema
        self._size = size
        self._timeout = timeout
        self._pool: asyncpg.Pool | None = None

    async def start(self) -> None:
        self._pool = await asyncpg.create_pool(
            self._dsn,
            connection_class=TypedConnection,
            min_size=0,
            max_size=self._size,
            timeout=self._timeout,
            command_timeout=self._timeout,
            max_inactive_connection_lifetime=60,
            init=_initialise,
            reset=_keep,
            server_settings={
                "search_path": self._schema,
                "application_name": f"passgate_{self._schema}",
                "statement_timeout": str(int(self._timeout * 1000)),
                "lock_timeout": str(int(self._timeout * 1000)),
            },
        )

    async def stop(self) -> None:
        if self._pool is not None:
            try:
                async with asyncio.timeout(2):
                    await self._pool.close()
            except TimeoutError:
                self._pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for a few statements. Raises `Unavailable`; a connection that failed is not used again."""
        if self._pool is None:
            raise Unavailable("the database is not open yet")
        connection = None
        try:
            async with asyncio.timeout(self._timeout):
                connection = await self._pool.acquire()
                yield connection
        except SERVER_STATE_ERRORS as error:
            _terminate(connection)
            raise Unavailable(
                "the database is unavailable", detail=f"postgresql: {type(error).__name__}: {error}"
            ) from error
        except asyncio.CancelledError:
            _terminate(connection)
            raise
        finally:
            if connection is not None:
                # The statements have their results: a connection that fails only now is the pool's affair.
                with contextlib.suppress(*SERVER_STATE_ERRORS):
                    await self._pool.release(connection, timeout=self._timeout)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside a transaction: durable when the block ends, rolled back when it raises.

        After a failure of the connection nothing is known of the commit: the caller's `Idempotency-Key` decides.
        """
        async with self.connection() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                yield connection
            except (asyncio.CancelledError, *SERVER_STATE_ERRORS):
                raise  # the connection is about to be closed, and a rollback over it could only wait
            except BaseException:
                await transaction.rollback()
                raise
            await transaction.commit()


def _terminate(connection: "Connection | None") -> None:
    """Close without notice to the server; harmless on one that the pool has seen closed and taken back."""
    if connection is not None:
        with contextlib.suppress(asyncpg.InterfaceError):
            connection.terminate()


async def _initialise(connection: asyncpg.Connection) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=_dumps, decoder=orjson.loads, format="text"
        )


async def _keep(_: asyncpg.Connection) -> None:
    """Asks nothing of the server between two uses, as asyncpg does by default.

    There is nothing to undo: all that statements set and lock ends with their transaction.
    """


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()
