"""The same messages as two other parsers read them: h11, and llhttp by way of httptools.

Both are more lenient than the gateway, and each refuses a little that the gateway accepts.
"""

from collections.abc import Callable
from typing import NamedTuple

import h11
import httptools

MAX_HEAD_BYTES = 2**20


class Seen(NamedTuple):
    start: tuple[str, ...]
    """Method and target in origin form; or the status."""
    fields: list[tuple[str, str]]
    content: bytes
    ended: str
    """`at its last byte`, `before it` or `not at all`."""


AT_LAST_BYTE, EARLY, OPEN = "at its last byte", "before it", "not at all"


def h11_request(raw: bytes) -> Seen | None:
    """None when h11 refuses it."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
    try:
        events, ended = _h11_events(connection, raw)
    except h11.RemoteProtocolError:
        return None
    head = next((event for event in events if isinstance(event, h11.Request)), None)
    if head is None:
        return Seen((), [], b"", ended)
    start = (head.method.decode(), origin_form(head.target.decode("latin-1")))
    return Seen(start, _fields(list(head.headers)), _h11_content(events), ended)


def h11_response(raw: bytes, method: str) -> Seen | None:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    connection.send(h11.EndOfMessage())
    try:
        events, ended = _h11_events(connection, raw)
    except h11.RemoteProtocolError:
        return None
    head = next((event for event in events if isinstance(event, h11.Response)), None)
    if head is None:
        return Seen((), [], b"", ended)
    return Seen((str(head.status_code),), _fields(list(head.headers)), _h11_content(events), ended)


def h11_switch(raw: bytes) -> list[tuple[str, str]] | None:
    """The fields of a response that switches protocols as a request has offered; None when h11 refuses it."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
    offer = [("Host", "a"), ("Connection", "Upgrade"), ("Upgrade", "websocket")]
    connection.send(h11.Request(method="GET", target="/", headers=offer))
    connection.send(h11.EndOfMessage())
    try:
        connection.receive_data(raw)
        while isinstance(event := connection.next_event(), h11.InformationalResponse):
            if event.status_code == 101:
                return _fields(list(event.headers))
    except h11.RemoteProtocolError:
        return None
    return []


def _h11_events(connection: h11.Connection, raw: bytes) -> tuple[list[object], str]:
    events: list[object] = []
    ended = OPEN
    for data, when in ((raw[:-1], EARLY), (raw[-1:], AT_LAST_BYTE)):
        connection.receive_data(data) if data else None
        while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            events.append(event)
            if isinstance(event, h11.EndOfMessage):
                ended = when
    return events, ended


def _h11_content(events: list[object]) -> bytes:
    return b"".join(bytes(event.data) for event in events if isinstance(event, h11.Data))


class _Message:
    """What httptools reports of one message, and of those after it."""

    def __init__(self) -> None:
        self.target = b""
        self.lines: list[tuple[bytes, bytes]] = []
        self.head: list[tuple[bytes, bytes]] = []
        self.content = b""
        self.completed = 0

    def on_message_begin(self) -> None:
        self.lines, self.content = [], b""

    def on_url(self, piece: bytes) -> None:
        self.target += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        self.lines.append((name, value))

    def on_headers_complete(self) -> None:
        """The fields after this are a trailer's."""
        self.lines, self.head = [], self.lines

    def on_body(self, piece: bytes) -> None:
        self.content += piece

    def on_message_complete(self) -> None:
        self.completed += 1


def llhttp_request(raw: bytes) -> Seen | None:
    """None when llhttp refuses it."""
    message = _Message()
    parser = httptools.HttpRequestParser(message)
    ended = _llhttp_feed(parser.feed_data, message, raw, messages=1)
    if ended is None:
        return None
    start = (parser.get_method().decode(), origin_form(message.target.decode("latin-1")))
    return Seen(start, _fields(message.head), message.content, ended)


def llhttp_response(raw: bytes, *, interim: int = 0) -> Seen | None:
    """Of one to a GET: llhttp cannot be told of another method. `interim` responses are expected before it."""
    message = _Message()
    parser = httptools.HttpResponseParser(message)
    ended = _llhttp_feed(parser.feed_data, message, raw, messages=1 + interim)
    if ended is None:
        return None
    return Seen((str(parser.get_status_code()),), _fields(message.head), message.content, ended)


def _llhttp_feed(feed: Callable[[bytes], None], message: _Message, raw: bytes, *, messages: int) -> str | None:
    for data, when in ((raw[:-1], EARLY), (raw[-1:], AT_LAST_BYTE)):
        if data:
            try:
                feed(data)
            except httptools.HttpParserUpgrade as upgrade:
                if upgrade.args[0] < len(data):  # what follows is not read as HTTP any more
                    return EARLY
            except httptools.HttpParserError:
                return None
        if message.completed >= messages:
            return when
    return OPEN


def origin_form(target: str) -> str:
    """`target` without scheme and authority (RFC 9112 section 3.2.2)."""
    if target.startswith("/") or "://" not in target:
        return target
    rest = target.partition("://")[2]
    end = min((index for mark in "/?#" if (index := rest.find(mark)) >= 0), default=len(rest))
    return rest[end:] if rest[end:].startswith("/") else "/" + rest[end:]


def _fields(lines: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [field_of(name.decode("latin-1"), value.decode("latin-1")) for name, value in lines]


def field_of(name: str, value: str) -> tuple[str, str]:
    """Name and value as h11 and llhttp spell them alike: h11 writes a length and a coding anew."""
    name, value = name.lower(), value.strip(" \t")
    if name == "content-length" and value.isascii() and value.isdigit():
        return name, str(int(value))
    return name, value.lower() if name == "transfer-encoding" else value
