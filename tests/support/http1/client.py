"""A client over bare sockets: sends what it is told, and reads until the connection ends or falls silent."""

import asyncio
from dataclasses import dataclass


@dataclass
class Reply:
    status: int
    fields: list[tuple[str, str]]
    body: bytes
    whole: bool
    """Whether the body ended as the head had said."""

    def values(self, name: str) -> list[str]:
        return [value for given, value in self.fields if given.lower() == name.lower()]


@dataclass
class Conversation:
    raw: bytes
    closed: bool
    """Whether the server ended the connection by itself."""
    reset: bool = False

    @property
    def replies(self) -> list[Reply]:
        return parse_replies(self.raw)


async def converse(
    port: int,
    *payloads: bytes,
    replies: int = 0,
    quiet: float = 2.0,
    pause: float = 0.02,
    client: str = "",
) -> Conversation:
    """Send the pieces, then read until the end, `quiet` seconds without a byte, or so many whole replies.

    When the replies are there it goes on for a moment, since one more would be one too many. `client` is an address
    of the loopback network to come from, where it matters.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(client, 0) if client else None)
    received = bytearray()
    closed = reset = False
    try:
        for index, payload in enumerate(payloads):
            if index:
                await asyncio.sleep(pause)
            writer.write(payload)
            await writer.drain()
        while True:
            enough = replies and sum(reply.whole for reply in parse_replies(bytes(received))) >= replies
            async with asyncio.timeout(0.01 if enough else quiet):
                piece = await reader.read(65536)
            if not piece:
                closed = True
                break
            received += piece
    except TimeoutError:
        pass
    except ConnectionError:
        closed = reset = True
    finally:
        writer.transport.abort()
    return Conversation(bytes(received), closed, reset)


def parse_replies(raw: bytes) -> list[Reply]:
    replies = []
    while raw:
        head, found, rest = raw.partition(b"\r\n\r\n")
        if not found:
            break
        status_line, *lines = head.decode("latin-1").split("\r\n")
        fields = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        status = int(status_line.split(" ")[1])
        reply = Reply(status, fields, b"", True)
        if status >= 200:
            raw = _body(reply, rest)
            replies.append(reply)
        else:
            raw = rest
    return replies


def _body(reply: Reply, rest: bytes) -> bytes:
    if reply.values("transfer-encoding"):
        while True:
            line, found, after = rest.partition(b"\r\n")
            if not found or len(after) < (size := int(line, 16)) + 2:
                reply.whole = False
                reply.body += after
                return b""
            reply.body += after[:size]
            rest = after[size + 2 :]
            if size == 0:
                return rest
    length = int((reply.values("content-length") or ["0"])[0])
    reply.body, reply.whole = rest[:length], len(rest) >= length
    return rest[length:]
