"""Making request heads and routes for the tests, and reading the lines of what goes out."""

from collections.abc import Sequence
from typing import Any

from gateway.http1.known_heads import read_head
from gateway.http1.request_head import RequestHead
from gateway.http1.response import ResponseHead, parse_response_head
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.table import Route, Upstream

UPSTREAM = Upstream("sample", "http", "10.0.0.1", 8105)


def head_of(*lines: str, line: str = "GET /v2.0/site HTTP/1.1", host: str = "gateway.example") -> RequestHead:
    return read_head("\r\n".join((line, f"Host: {host}", *lines)).encode())


def response_of(*lines: str, line: str = "HTTP/1.1 200 OK") -> ResponseHead:
    return parse_response_head("\r\n".join((line, *lines)).encode())


def route_of(credential: CredentialKind = CredentialKind.NONE, **members: Any) -> Route:
    return Route(**{"name": "r", "path": "/v2.0/site", "upstream": UPSTREAM, "credential": credential, **members})


def fields_of(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Names and values of header lines, of which one may be several with CRLF between."""
    pairs = [line.partition(": ") for line in "\r\n".join(lines).split("\r\n") if line]
    return [(name, value) for name, _, value in pairs]
