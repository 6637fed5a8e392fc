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


def is_accepted(offered: list[tuple[str, str]], response: list[tuple[str, str]]) -> bool:
    """Whether the fields of a 101 accept those of a handshake, by the letter of RFC 6455 section 4.1."""

    def values(fields: list[tuple[str, str]], wanted: str) -> list[str]:
        return [value for name, value in fields if name == wanted]

    def members(fields: list[tuple[str, str]], wanted: str) -> list[str]:
        return [part.strip(" \t") for value in values(fields, wanted) for part in value.split(",")]

    def names(fields: list[tuple[str, str]]) -> set[str]:
        found = members(fields, "sec-websocket-extensions")
        return {member.split(";")[0].strip(" \t").lower() for member in found if member}

    key = values(offered, "sec-websocket-key")[0]
    digest = b64encode(sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
    chosen = values(response, "sec-websocket-protocol")
    return (
        [value.lower() for value in values(response, "upgrade")] == ["websocket"]
        and "upgrade" in [member.lower() for member in members(response, "connection")]
        and values(response, "sec-websocket-accept") == [digest]
        and len(chosen) <= 1
        and set(chosen) <= set(members(offered, "sec-websocket-protocol"))
        and names(response) <= names(offered)
    )


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


MALFORMED_HANDSHAKES = {
    "POST": (handshake(line="POST /x HTTP/1.1"), 400),
    "HTTP/1.0": (handshake(line="GET /x HTTP/1.0"), 400),
    "no Connection": (handshake(connection=None), 400),
    "Connection does not name it": (handshake(connection="keep-alive"), 400),
    "another protocol as well": (handshake(upgrade="websocket, h2c"), 400),
    "another protocol first": (handshake(upgrade="h2c, websocket"), 400),
    "two Upgrade fields": (handshake("Upgrade: h2c"), 400),
    "no key": (handshake(sec_websocket_key=None), 400),
    "two keys": (handshake(f"Sec-WebSocket-Key: {KEY}"), 400),
    "a short key": (handshake(sec_websocket_key="c2hvcnQ="), 400),
    "a key that is no Base64": (handshake(sec_websocket_key="!" * 24), 400),
    "a key with another spelling": (handshake(sec_websocket_key="dGhlIHNhbXBsZSBub25jZR=="), 400),
    "a body": (handshake("Content-Length: 5") + b"hello", 400),
    "an empty body": (handshake("Content-Length: 0"), 400),
    "a chunked body": (handshake("Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
    "no version": (handshake(sec_websocket_version=None), 426),
    "another version": (handshake(sec_websocket_version="1337"), 426),
    "two versions": (handshake("Sec-WebSocket-Version: 8"), 426),
    "a list of versions": (handshake(sec_websocket_version="13, 8"), 426),
}
"""Each with the status of its refusal."""

UNACCEPTABLE = {
    "no accept": switching(accept=""),
    "another accept": switching(accept="AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    "two accepts": switching(f"Sec-WebSocket-Accept: {ACCEPT}"),
    "another protocol": switching(upgrade="h2c"),
    "two protocols": switching(upgrade="websocket, h2c"),
    "no Connection": switching(connection="keep-alive"),
    "a subprotocol that was not offered": switching("Sec-WebSocket-Protocol: admin"),
    "two subprotocols": switching("Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: chat"),
    "an extension that was not offered": switching("Sec-WebSocket-Extensions: permessage-deflate"),
    "a length": switching("Content-Length: 5") + b"hello",
    "HTTP/1.0": switching().replace(b"HTTP/1.1", b"HTTP/1.0"),
}
"""Responses to a handshake that offers the protocol `chat`, and no extension."""

PARTS = (
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
    b"Sec-WebSocket-Version: 13\r\n",
    b"Sec-WebSocket-Protocol: chat\r\n",
    b"Sec-WebSocket-Extensions: permessage-deflate\r\n",
    b"Upgrade: websocket\r\n",
    b"websocket",
    b"permessage-deflate; a=1",
    b"HTTP/1.1 101 X\r\n",
    b"HTTP/1.1 103 X\r\n\r\n",
)
"""What a handshake is made of: a dictionary for the fuzzer."""
