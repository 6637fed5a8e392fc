"""Requests byte for byte as a test writes them, and answers as they come: no client library corrects anything."""

import base64
import contextlib
import json
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

Fields = Mapping[str, str] | Sequence[tuple[str, str]]

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True)
class Reply:
    status: int
    fields: list[tuple[str, str]]
    body: bytes = field(repr=False)
    seconds: float
    """From the connect to the end of the body."""

    def header(self, name: str) -> str | None:
        """All values of a field, joined; None when it is absent."""
        values = [value for given, value in self.fields if given.lower() == name.lower()]
        return ", ".join(values) if values else None

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def call(method: str, url: str, headers: Fields = (), body: str | bytes = b"", *, timeout: float = 10) -> Reply:
    """One request over a connection of its own. Raises OSError when there is no answer.

    `Host` and `Content-Length` are added unless `headers` names them; the target is sent as it stands in `url`.
    """
    parts = urlsplit(url)
    target = url.split(parts.netloc, 1)[1] or "/"
    raw = body.encode() if isinstance(body, str) else body
    head = _head(method, target, parts.netloc, headers, raw)
    started = time.monotonic()
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout) as connection:
        with contextlib.suppress(ConnectionError):  # it may have answered before the body's end
            connection.sendall(head + raw)
        return _read(connection, method, started)


def converse(host: str, port: int, raw: bytes, *, timeout: float = 10) -> Reply:
    """The answer to bytes that need not be a request."""
    started = time.monotonic()
    with socket.create_connection((host, port), timeout) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(raw)
        return _read(connection, "GET", started)


def basic(name: str, secret: str) -> dict[str, str]:
    """The Authorization field of HTTP Basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _head(method: str, target: str, host: str, headers: Fields, body: bytes) -> bytes:
    given = list(headers.items() if isinstance(headers, Mapping) else headers)
    names = {name.lower() for name, _ in given}
    if "host" not in names:
        given.insert(0, ("Host", host))
    if (body or method in _WITH_BODY) and not names & {"content-length", "transfer-encoding"}:
        given.append(("Content-Length", str(len(body))))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in given), "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def _read(connection: socket.socket, method: str, started: float) -> Reply:
    with contextlib.closing(HTTPResponse(connection, method=method)) as response:
        try:
            response.begin()
            body = response.read()
        except ConnectionError:
            raise
        except Exception as error:  # cut off, or no HTTP at all
            raise ConnectionError(f"no whole answer: {type(error).__name__}") from error
        return Reply(response.status, response.getheaders(), body, time.monotonic() - started)
