"""WebSockets byte by byte: the handshake of a client, and an upstream's response to it."""

import asyncio
from base64 import b64encode
from hashlib import sha1

from tests.support.http1.upstream import Script, UpstreamCall

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
"""Of RFC 6455 section 1.3."""
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""What it says is the response to that."""
REQUEST_LINE = "GET /x HTTP/1.1"
FIELDS = {
    "Host": "a",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


def handshake(*more: str, line: str = REQUEST_LINE, **changed: str | None) -> bytes:
    """`changed` are fields with `_` for `-`; None leaves one out. `more` are lines."""
    replaced = {name.replace("_", "-").lower(): value for name, value in changed.items()}
    fields = {name: replaced.pop(name.lower(), value) for name, value in FIELDS.items()}
    fields |= replaced
    lines = [line, *(f"{name}: {value}" for name, value in fields.items() if value is not None), *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def accept_of(call: UpstreamCall) -> str:
    (key,) = call.values("sec-websocket-key")
    return b64encode(sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()


def switching(*more: str, accept: str = ACCEPT, upgrade: str = "websocket", connection: str = "Upgrade") -> bytes:
    """A response that switches protocols."""
    lines = ["HTTP/1.1 101 Switching Protocols", f"Upgrade: {upgrade}", f"Connection: {connection}"]
    lines += [f"Sec-WebSocket-Accept: {accept}"] if accept else []
    return ("\r\n".join([*lines, *more]) + "\r\n\r\n").encode()


def accepting(tunnel: Script, beginning: bytes = b"") -> Script:
    """An upstream that accepts each handshake, sends `beginning` with it, and goes on as `tunnel` does."""

    async def script(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(switching(accept=accept_of(call)) + beginning)
        await tunnel(call, reader, writer)
        writer.close()
        await reader.read()

    return script


async def echo(_: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
