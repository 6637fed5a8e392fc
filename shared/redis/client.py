"""A client with one connection: the commands of all requests in flight go out as one pipeline.

A round trip per batch instead of one per request is a third of the cost, and a pool is not needed.
"""

import asyncio
from collections import deque
from typing import Any

from hiredis import pack_command
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig

from shared.errors import Unavailable
from shared.redis.link import Command, Link, fail, unavailable
from shared.waiting.shared_timeout import SharedTimeout
from shared.waiting.single_flight import SingleFlight

MAX_WAITING = 10_000
"""Commands that may wait for the connection; one more is refused at once."""
MAX_BATCH = 256
WRITE_PROBE = "passgate:write_probe"
WRITE_PROBE_MS = 1000
"""The key that is written to see whether a write succeeds, and for how long it stays."""
_NONE: deque[Command] = deque()


class PipelinedRedis:
    """`execute` a command; concurrent ones share a round trip, in the order in which they came.

    Nothing is sent twice: a command whose reply was lost is `Unavailable`, since it may have been carried out.
    `timeout` bounds each operation, in seconds, with the wait for those before it and connecting.
    Connecting and the meaning of replies are redis-py's. What carries commands and replies is `Link`: redis-py's
    own costs several times what it carries, and a task, a timer and some coroutines for each batch.
    """

    def __init__(self, url: str, *, timeout: float = 0.5) -> None:
        self._timeout = timeout
        self._redis: Redis = Redis.from_url(
            url,
            single_connection_client=False,
            socket_connect_timeout=timeout,
            socket_timeout=None,  # `_connect` bounds what connecting takes, `_replies` all else
            retry=Retry(NoBackoff(), 0),
            decode_responses=False,
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        self._connection = self._redis.connection_pool.make_connection()  # type: ignore[no-untyped-call]
        self._link: Link | None = None
        self._waiting: deque[Command] = deque()
        self._replies = SharedTimeout(timeout, self._timed_out)
        self._connector = SingleFlight("redis_connect", self._connect)
        self._stopped = False

    async def start(self) -> None:
        """The connection opens at its first use, and again after a failure."""
        self._stopped = False

    async def stop(self) -> None:
        self._stopped = True
        under_way = [command.reply for command in (*self._sent, *self._waiting) if not command.reply.done()]
        if under_way:
            await asyncio.wait(under_way, timeout=self._timeout * 2)
        await self._connector.stop()
        fail(self._waiting, Unavailable("the store is unavailable", detail="valkey: stopped"))
        if self._link is not None:
            self._link.close()
        await self._connection.disconnect(nowait=True)

    async def execute(self, *command: Any) -> Any:
        """The reply to `command`, as redis-py renders it (bytes for strings).

        Raises `Unavailable` when it cannot be known, also where the command may have been carried out, and its
        kind `CommandRejected` when the server rejects this very command. Raises `ValueError` for what cannot be
        encoded (text with a lone surrogate; neither text, bytes nor a number).
        """
        if self._stopped:
            raise Unavailable("the store is unavailable", detail="valkey: stopped")
        if len(self._waiting) >= MAX_WAITING:
            raise Unavailable("too many requests wait for the store")
        packed = _packed(*command)  # not in the batch, which would fail as a whole
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Any] = loop.create_future()
        if not self._waiting and not self._sent:
            loop.call_soon(self._send)  # together with what else comes in this turn of the loop
        self._waiting.append(Command(command[0], packed, reply))
        self._replies.add(reply)
        return await reply

    async def ping(self) -> None:
        await self.execute("PING")

    async def check_writes(self) -> None:
        """Raises `Unavailable` unless a write succeeds: a server that is full, or a replica, responds to PING."""
        await self.execute("SET", WRITE_PROBE, "", "PX", WRITE_PROBE_MS)

    @property
    def _sent(self) -> "deque[Command]":
        return self._link.sent if self._link is not None else _NONE

    def _send(self) -> None:
        """Send what waits, unless replies are still due: what comes meanwhile is one batch."""
        waiting, link = self._waiting, self._link
        while waiting and waiting[0].reply.done():
            waiting.popleft()
        if not waiting or self._sent:
            return
        if link is None:
            self._connector.begin()
            return
        batch = [waiting.popleft() for _ in range(min(MAX_BATCH, len(waiting)))]
        link.send([command for command in batch if not command.reply.done()])

    async def _connect(self) -> None:
        connection = self._connection
        try:
            async with asyncio.timeout(self._timeout):
                await connection.disconnect(nowait=True)
                await connection.connect()
                self._link = Link(self._redis, connection, self._send, self._ended)
        except Exception as error:
            waiting, self._waiting = self._waiting, deque()
            fail(waiting, unavailable(error))  # also for a fault of ours: nobody else would begin anew
            if not isinstance(error, (RedisError, OSError, TimeoutError)):
                raise
        else:
            self._send()

    def _ended(self, link: "Link", error: Exception) -> None:
        if self._link is link:
            self._link = None
        fail(link.sent, error)
        if self._waiting:
            self._send()

    def _timed_out(self) -> Unavailable:
        """Of one command, which may have waited for others: only a server that is silent is given up."""
        error = Unavailable("the store does not respond", detail="valkey: timeout")
        if self._link is not None and self._link.silent_s >= self._timeout / 2:
            self._link.abandon(error)
        return error


def _packed(name: str, *arguments: Any) -> bytes:
    try:
        packed: bytes = pack_command((*name.split(), *arguments))
    except (TypeError, UnicodeEncodeError):  # the latter holds the text, which may be a secret
        raise ValueError(f"an argument of {name} cannot be encoded") from None
    return packed
