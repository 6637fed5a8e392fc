"""What carries commands and replies over a connection that redis-py has opened."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hiredis import PushNotification, Reader
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, NoScriptError, RedisError, ResponseError

from shared.errors import Unavailable
from shared.waiting.shared_result import own_exception

SERVER_ERROR_CODES = ("MISCONF", "NOREPLICAS", "MASTERDOWN", "UNKILLABLE", "BUSY")
"""Error codes that concern the server, among those that redis-py gives no class of their own."""
_NOTHING = object()
"""No whole reply has come."""


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
class Command:
    name: str
    packed: bytes
    reply: asyncio.Future[Any]


class Link(asyncio.Protocol):
    """A connection of redis-py, taken over once it is open: commands out, and replies in their order.

    `on_idle` is called once all that was sent has its reply, `on_end` when there will be no more.
    """

    def __init__(
        self,
        redis: Redis,
        connection: Any,
        on_idle: Callable[[], None],
        on_end: Callable[["Link", Exception], None],
    ) -> None:
        self.sent: deque[Command] = deque()
        """Whose replies are due."""
        self._callbacks = redis.response_callbacks
        self._on_idle, self._on_end = on_idle, on_end
        # `_parser` and `_writer` are redis-py's own (8.1.0): look here when another version is pinned.
        self._reader = Reader(
            protocolError=InvalidResponse, replyError=connection._parser.parse_error, notEnoughData=_NOTHING
        )
        self._heard_at = 0.0
        """When something came last, or the first of what is due was sent, by the loop's clock."""
        self._transport: asyncio.Transport = connection._writer.transport
        self._transport.set_protocol(self)
        if self._transport.is_closing():
            raise ConnectionError("closed")

    @property
    def silent_s(self) -> float:
        """Seconds for which a reply has been due, and nothing has come."""
        return asyncio.get_running_loop().time() - self._heard_at if self.sent else 0.0

    def send(self, batch: Sequence[Command]) -> None:
        if not self.sent:
            self._heard_at = asyncio.get_running_loop().time()
        self.sent.extend(batch)
        self._transport.write(b"".join([command.packed for command in batch]))

    def close(self) -> None:
        self._transport.close()

    def abandon(self, error: Exception) -> None:
        """Await no reply any more: what may still come is of no use."""
        self._transport.abort()
        self._on_end(self, error)

    def data_received(self, data: bytes) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not _NOTHING:
                if not isinstance(reply, PushNotification):
                    self._take(reply)
        except (RedisError, IndexError) as error:
            self.abandon(unavailable(error))
            return
        if not self.sent:
            self._on_idle()

    def _take(self, reply: Any) -> None:
        """Raises redis-py's `ConnectionError` for what concerns the connection, `IndexError` if no reply is due."""
        first = reply[0] if isinstance(reply, list) and reply else reply
        if isinstance(first, RedisConnectionError):
            raise first
        command = self.sent.popleft()
        if command.reply.done():
            return
        if isinstance(reply, Exception):
            command.reply.set_exception(_known(reply))
            return
        callback = self._callbacks.get(command.name)
        command.reply.set_result(reply if callback is None else callback(reply))

    def connection_lost(self, error: Exception | None) -> None:
        self._on_end(self, unavailable(error or ConnectionResetError()))


def fail(commands: "deque[Command]", error: Exception) -> None:
    while commands:
        command = commands.popleft()
        if not command.reply.done():
            command.reply.set_exception(own_exception(error))


def _known(reply: Exception) -> Exception:
    """An error of the command is `CommandRejected`; one of the server (read-only, full) is `Unavailable`."""
    if isinstance(reply, Unavailable):
        return reply
    of_the_server = any(word in str(reply) for word in SERVER_ERROR_CODES)
    rejected = type(reply) in (ResponseError, NoScriptError) and not of_the_server
    return CommandRejected(reply) if rejected else unavailable(reply)


def unavailable(error: BaseException) -> Unavailable:
    return Unavailable("the store is unavailable", detail=f"valkey: {type(error).__name__}")
