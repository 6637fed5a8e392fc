"""The public listener alone, in this process: one upstream, no credentials, limits of one's own."""

import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

from prometheus_client import CollectorRegistry

from gateway.edge.trace_context import Tracing
from gateway.metrics import GatewayMetrics
from gateway.proxy.connection_limits import ConnectionLimits
from gateway.proxy.live_exchanges import LiveExchanges
from gateway.proxy.public_server import PublicServer
from gateway.proxy.report import Report
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.table import Route, RouteTable, Upstream
from shared.addresses.forwarded_for import TrustedProxies
from shared.http.connection import KEEPALIVE_TIMEOUT_S
from shared.refusal_traces.recorder import RefusalTraces
from tests.support.doubles.gateway import open_decider

PROXY = "127.0.0.9"
"""The trusted proxy in front of it."""
AMPLE = ConnectionLimits(connections=16_384, connections_per_peer=16_384, bodies_per_client=16_384)


@dataclass
class Public:
    server: PublicServer
    metrics: CollectorRegistry

    @property
    def port(self) -> int:
        return self.server.port

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.get_sample_value(name, labels) or 0.0

    def connect(self, client: str = "127.0.0.1", payload: bytes = b"") -> socket.socket:
        """A connection from an address of the loopback network; `payload` is sent at once, and nothing is read."""
        connection = socket.create_connection(("127.0.0.1", self.port), source_address=(client, 0))
        connection.sendall(payload)
        connection.setblocking(False)
        return connection


def upstream_at(port: int, **settings: Any) -> Upstream:
    return replace(Upstream("upstream", "http", "127.0.0.1", port), **settings)


@asynccontextmanager
async def public_server(
    upstream: Upstream,
    *,
    limits: ConnectionLimits = AMPLE,
    grace: float = 0.1,
    tls: ssl.SSLContext | None = None,
    keepalive_timeout: float = KEEPALIVE_TIMEOUT_S,
    via_name: str = "1.1 passgate-test",
    routes: Callable[[], RouteTable] | None = None,
    proxy_header_from: str = "",
    tracing: Tracing | None = None,
    traces: RefusalTraces | None = None,
    **route: Any,
) -> AsyncIterator[Public]:
    """`route` are members of the one route, below which all paths are; `routes` takes the place of it.

    `proxy_header_from` is a network. `grace`, in seconds, is short: many tests leave their clients' connections
    open.
    """
    members = {"name": "all", "path": "/", "prefix": True, "credential": CredentialKind.NONE, **route}
    table = RouteTable([Route(upstream=upstream, **members)])
    unused: Any = None
    decider = open_decider(routes or (lambda: table), via=via_name)
    metrics = CollectorRegistry()
    gateway_metrics = GatewayMetrics(metrics)
    server = PublicServer(
        decider,
        proxies=TrustedProxies([ipaddress.ip_network(PROXY)]),
        report=Report(cast("Any", None), gateway_metrics, traces),
        live=LiveExchanges(unused, lambda *_: None),
        metrics=gateway_metrics,
        limits=limits,
        host="127.0.0.1",
        port=0,
        grace=grace,
        keepalive_timeout=keepalive_timeout,
        tls=(lambda: tls) if tls else None,
        tracing=tracing,
        proxy_header_from=TrustedProxies([ipaddress.ip_network(proxy_header_from)]) if proxy_header_from else None,
    )
    await server.start()
    try:
        yield Public(server, metrics)
    finally:
        await server.stop()


def post(length: int, *fields: bytes, content: bytes = b"") -> bytes:
    """The head of a request with so long a body, and what of it is sent with the head."""
    lines = (b"POST /x HTTP/1.1", b"Host: a", b"Content-Length: %d" % length, *fields)
    return b"\r\n".join(lines) + b"\r\n\r\n" + content
