"""The registry's changes as a Redis stream. A change's position is its entry's id, so each has one entry.

Any number of relays may write at once: the server refuses an entry whose id is not above the last, and so the order
is that of the positions. The stream makes changes arrive soon; that they arrive at all is the registry's feed. A
change names the mark of the one before it, so that a reader notices entries of another history.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from shared.contracts.key_registry import Change
from shared.errors import Unavailable
from shared.redis import CommandRejected, PipelinedRedis

STREAM = "passgate:changes"
MAX_STREAM_ENTRIES = 10_000
"""Entries that are kept, about; who is further behind polls the registry."""
ENTRIES_PER_READ = 1000
NO_SUCH_KEY = "no such key"
"""The server's words for a stream without any entry yet."""


class UnreadableStream(Unavailable):
    """What is under the stream's key was not written by a relay, and would keep changes out of it for good."""


class ChangeStreamWriter:
    def __init__(self, redis: PipelinedRedis) -> None:
        self._redis = redis

    async def last(self) -> Change | None:
        """The newest entry, None when there is none. Raises `UnreadableStream`, else `Unavailable`."""
        try:
            stream = await self._redis.execute("XINFO STREAM", STREAM)
            if stream["last-entry"] is None:
                if stream["last-generated-id"] == b"0-0":
                    return None
                raise UnreadableStream("the stream is unreadable", detail="entries were removed")
            id_, fields = stream["last-entry"]
            newest = _change(fields)
            if not id_ == stream["last-generated-id"] == f"{newest.seq}-0".encode():
                raise UnreadableStream("the stream is unreadable", detail="an entry has a wrong position")
        except CommandRejected as error:
            if error.reply == NO_SUCH_KEY:
                return None
            raise UnreadableStream("the stream is unreadable", detail=error.detail) from error
        except (KeyError, ValidationError) as error:
            raise UnreadableStream("the stream is unreadable", detail=type(error).__name__) from None
        return newest

    async def append(self, changes: Sequence[Change]) -> None:
        """Add `changes` in their order; those that have an entry already are skipped. Raises `Unavailable`."""
        replies = await asyncio.gather(*(self._add(change) for change in changes), return_exceptions=True)
        for reply in replies:
            if isinstance(reply, CommandRejected) and "equal or smaller" in reply.reply:
                continue
            if isinstance(reply, BaseException):
                raise Unavailable("the stream takes no change", detail=type(reply).__name__) from reply

    async def _add(self, change: Change) -> None:
        fields = ("change", change.model_dump_json())
        await self._redis.execute("XADD", STREAM, "MAXLEN", "~", MAX_STREAM_ENTRIES, f"{change.seq}-0", *fields)

    async def clear(self) -> None:
        """Remove the entries, or whatever is in their place. Raises `Unavailable`."""
        await self._redis.execute("DEL", STREAM)


class ChangeStreamReader:
    """Reads with a connection of its own, since a read waits up to `wait` seconds for the first change.

    `timeout` bounds connecting, and a response beyond the wait, in seconds.
    """

    def __init__(self, url: str, *, wait: float = 1.0, timeout: float = 0.5) -> None:
        self._wait = wait
        self._redis: Redis = Redis.from_url(
            url,
            protocol=2,
            max_connections=2,
            socket_timeout=wait + timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
        )

    async def read(self, after: int) -> Sequence[Change]:
        """The changes after a position, none when none came in time. Raises `Unavailable`."""
        try:
            streams: Any = await self._redis.xread(
                {STREAM: f"{max(after, 0)}-0"}, count=ENTRIES_PER_READ, block=int(self._wait * 1000)
            )
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable("the change stream is unavailable", detail=type(error).__name__) from error
        try:
            return [_change(fields) for _, entries in streams for _, fields in entries]
        except (KeyError, ValidationError) as error:
            raise Unavailable("the change stream is unreadable", detail=type(error).__name__) from None

    async def stop(self) -> None:
        await self._redis.aclose()


def _change(fields: Mapping[bytes, bytes]) -> Change:
    return Change.model_validate_json(fields[b"change"])
