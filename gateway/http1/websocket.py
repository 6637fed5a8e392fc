"""The opening handshake of a WebSocket, read strictly on both sides (RFC 6455 section 4)."""

import binascii
from base64 import b64decode, b64encode
from hashlib import sha1

from gateway.http1.fields import tokens
from gateway.http1.request import BadRequest
from gateway.http1.request_head import RequestHead
from gateway.http1.response import BadResponse, ResponseHead

VERSION = "13"
UPGRADE_LINES = ("Connection: Upgrade", "Upgrade: websocket")
"""Of a request or a 101: the fields that are for one hop alone, and so are written anew."""
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES = 16


class Handshake:
    """What a client has offered. Nothing is switched before `check_accepted` has passed the response."""

    __slots__ = ("_accept", "_extensions", "_protocols")

    def __init__(self, key: str, protocols: list[str], extensions: list[str]) -> None:
        digest = sha1((key + _GUID).encode("ascii"), usedforsecurity=False).digest()
        self._accept = b64encode(digest).decode("ascii")
        self._protocols = protocols
        self._extensions = {_name(extension) for extension in extensions}

    def check_accepted(self, response: ResponseHead) -> None:
        """Raises `BadResponse` unless this 101 accepts what was offered, and nothing else (section 4.1)."""
        values: dict[str, list[str]] = {}
        for field in response.fields:
            values.setdefault(field.name, []).append(field.value)
        if tokens(values.get("upgrade", [])) != ["websocket"] or "upgrade" not in response.connection:
            raise BadResponse("it switches to another protocol than was requested")
        if values.get("sec-websocket-accept") != [self._accept]:
            raise BadResponse("its Sec-WebSocket-Accept is not that of the request's key")
        chosen = values.get("sec-websocket-protocol", [])
        if len(chosen) > 1 or any(name not in self._protocols for name in chosen):
            raise BadResponse("it chooses a WebSocket protocol that was not offered")
        extensions = _members(values.get("sec-websocket-extensions", []))
        if any(_name(extension) not in self._extensions for extension in extensions):
            raise BadResponse("it uses a WebSocket extension that was not offered")


def read_handshake(head: RequestHead) -> Handshake | None:
    """The handshake that `head` is; None when it does not offer a WebSocket.

    Raises `BadRequest` for one that is not as section 4.2.1 has it, of status 426 where that is its version.
    """
    if not head.offers_websocket:
        return None
    if head.method != "GET" or head.minor_version != 1:
        raise _malformed("it must be a GET of HTTP/1.1")
    if tokens(head.values("upgrade")) != ["websocket"] or "upgrade" not in tokens(head.values("connection")):
        raise _malformed("Upgrade must be websocket alone, and Connection must name it")
    if head.framing.chunked or head.framing.length is not None:
        raise _malformed("it must have no body")
    if head.values("sec-websocket-version") != [VERSION]:
        raise BadRequest(
            f"Sec-WebSocket-Version must be {VERSION}", status=426, code="unsupported_websocket_version"
        )
    keys = head.values("sec-websocket-key")
    if len(keys) != 1 or not _is_key(keys[0]):
        raise _malformed("Sec-WebSocket-Key must be the Base64 of 16 bytes, once")
    protocols = _members(head.values("sec-websocket-protocol"))
    return Handshake(keys[0], protocols, _members(head.values("sec-websocket-extensions")))


def _malformed(what: str) -> BadRequest:
    return BadRequest(f"the WebSocket handshake is malformed: {what}", code="malformed_handshake")


def _is_key(key: str) -> bool:
    try:
        decoded = b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(decoded) == _KEY_BYTES and b64encode(decoded).decode("ascii") == key


def _members(values: list[str]) -> list[str]:
    """Of list fields, as they were spelled. (A quoted comma is no part of any extension that is registered.)"""
    return [member for value in values for part in value.split(",") if (member := part.strip(" \t"))]


def _name(extension: str) -> str:
    return extension.partition(";")[0].strip(" \t").lower()
