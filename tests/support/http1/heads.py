"""Making request heads and routes for the tests."""

from typing import Any

from gateway.http1.request import RequestHead, parse_head
from gateway.routing.table import CredentialKind, Route, Upstream

UPSTREAM = Upstream("sample", "http", "10.0.0.1", 8105)


def head_of(*lines: str, line: str = "GET /v2.0/site HTTP/1.1", host: str = "gateway.example") -> RequestHead:
    return parse_head("\r\n".join((line, f"Host: {host}", *lines)).encode())


def route_of(credential: CredentialKind = CredentialKind.NONE, **members: Any) -> Route:
    return Route(**{"name": "r", "path": "/v2.0/site", "upstream": UPSTREAM, "credential": credential, **members})
