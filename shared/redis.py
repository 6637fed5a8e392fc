"""Valkey or Redis with one connection: the commands of all requests in flight go out as one pipeline.

A round trip per batch instead of one per request is a third of the cost, and a pool is not needed.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from hiredis import pack_command
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import DataError, NoScriptError, RedisError, ResponseError
from redis.maint_notifications import MaintNotificationsConfig

from shared.errors import Unavailable
from shared.single_flight import SingleFlight
from shared.waiting.shared_timeout import SharedTimeout

MAX_WAITING = 10_000
"""Commands that may wait for the connection; one more is refused at once."""
MAX_BATCH = 256
WRITE_PROBE = "passgate:write_probe"
WRITE_PROBE_MS = 1000
"""The key that is written to see whether a write succeeds, and for how long it stays."""
SERVER_ERROR_CODES = ("MISCONF", "NOREPLICAS", "MASTERDOWN", "UNKILLABLE", "BUSY")
"""Error codes that concern the server, among those that redis-py gives no class of their own."""


class CommandRejected(Unavailable):
    """The server rejects this very command: its key holds another type, say, or scripts are forbidden."""

    def __init__(self, reply: Exception) -> None:
        code = str(reply).partition(" ")[0]
        super().__init__(
            "the store is unavailable", detail=f"valkey: {code if code.isupper() else type(reply).__name__}"
        )
        self.reply = str(reply)
        """The server's own words. They may hold arguments, so no log shows them."""


@dataclass(eq=False, slots=True)
class _Command:
    name: str
    packed: bytes
    reply: asyncio.Future[Any]


class PipelinedRedis:
    """`execute` a command; concurrent ones share a round trip, in the order in which they came.

    Nothing is sent twice: a command whose reply was lost is `Unavailable`, since it may have been carried out.
    `timeout` bounds each operation, in seconds, with the wait for those before it and connecting.
    Connecting and the meaning of replies are redis-py's; its pipelines cost several times what they carry.
    """

    def __init__(self, url: str, *, timeout: float = 0.5) -> None:
        self._timeout = timeout
        self._redis: Redis = Redis.from_url(
            url,
            single_connection_client=False,
            socket_connect_timeout=timeout,
            socket_timeout=None,  # each reply would have a timer of its own: `_send` bounds them all
            retry=Retry(NoBackoff(), 0),
            decode_responses=False,
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        self._encoder = self._redis.get_encoder()  # type: ignore[no-untyped-call]
        self._connection = self._redis.connection_pool.make_connection()  # type: ignore[no-untyped-call]
        self._waiting: list[_Command] = []
        self._replies = SharedTimeout(
            timeout, lambda: Unavailable("the store does not respond", detail="valkey: timeout")
        )
        self._flusher = SingleFlight("redis_flush", self._flush)

    async def start(self) -> None:
        """Nothing to do: the connection opens at its first use, and again after a failure."""

    async def stop(self) -> None:
        await self._flusher.drain(self._timeout * 2)
        await self._connection.disconnect()

    async def execute(self, *command: Any) -> Any:
        """The reply to `command`, as redis-py renders it (bytes for strings).

        Raises `Unavailable` when it cannot be known, also where the command may have been carried out, and its
        kind `CommandRejected` when the server rejects this very command. Raises `ValueError` for what cannot be
        encoded (text with a lone surrogate; neither text, bytes nor a number).
        """
        if len(self._waiting) >= MAX_WAITING:
            raise Unavailable("too many requests wait for the store")
        packed = self._packed(*command)  # not in the batch, which would fail as a whole
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Command(command[0], packed, reply))
        self._flusher.begin()
        self._replies.add(reply)
        return await reply

    def _packed(self, name: str, *arguments: Any) -> bytes:
        encode = self._encoder.encode
        try:
            packed: bytes = pack_command((*name.encode().split(), *map(encode, arguments)))
        except (DataError, UnicodeEncodeError):  # the latter holds the text, which may be a secret
            raise ValueError(f"an argument of {name} cannot be encoded") from None
        return packed

    async def ping(self) -> None:
        await self.execute("PING")

    async def check_writes(self) -> None:
        """Raises `Unavailable` unless a write succeeds: a server that is full, or a replica, responds to PING."""
        await self.execute("SET", WRITE_PROBE, "", "PX", WRITE_PROBE_MS)

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            await self._send([command for command in batch if not command.reply.done()])

    async def _send(self, batch: list[_Command]) -> None:
        replies: list[Any] = []
        try:
            async with asyncio.timeout(self._timeout):
                await self._connect()
                await self._connection.send_packed_command(b"".join(c.packed for c in batch), check_health=False)
                for command in batch:
                    replies.append(await self._read(command.name))
        except (RedisError, OSError, TimeoutError) as error:
            await self._connection.disconnect(nowait=True)  # what it may still respond is of no use
            replies += [_unavailable(error)] * (len(batch) - len(replies))
        for command, reply in zip(batch, replies, strict=True):
            if command.reply.done():
                continue
            if isinstance(reply, Exception):
                command.reply.set_exception(_known(reply))
            else:
                command.reply.set_result(reply)

    async def _connect(self) -> None:
        """Have a connection that the server has not closed meanwhile."""
        connection = self._connection
        if connection.is_connected and await connection.can_read():
            await connection.disconnect(nowait=True)
        if not connection.is_connected:
            await connection.connect()

    async def _read(self, name: str) -> Any:
        """One reply, as redis-py renders it, an error of the command as well."""
        try:
            reply = await self._connection.read_response()
        except ResponseError as error:
            return error
        rendered = self._redis.response_callbacks.get(name)
        return reply if rendered is None else rendered(reply)


def _known(reply: Exception) -> Exception:
    """An error of the command is `CommandRejected`; one of the server (read-only, full) is `Unavailable`."""
    if isinstance(reply, Unavailable):
        return reply
    of_the_server = any(word in str(reply) for word in SERVER_ERROR_CODES)
    rejected = type(reply) in (ResponseError, NoScriptError) and not of_the_server
    return CommandRejected(reply) if rejected else _unavailable(reply)


def _unavailable(error: BaseException) -> Unavailable:
    return Unavailable("the store is unavailable", detail=f"valkey: {type(error).__name__}")
