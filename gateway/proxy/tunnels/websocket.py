"""A request that offers a WebSocket, from its handshake to the end of its tunnel."""

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType

from gateway.http1.request import BadRequest
from gateway.http1.request_head import RequestHead
from gateway.http1.websocket import Handshake, read_handshake
from gateway.proxy.client_connection import ClientConnection
from gateway.proxy.tunnels.open_tunnels import OpenTunnels
from gateway.proxy.tunnels.tunnel import Tunnel
from gateway.proxy.upstream.connection import UpstreamConnection
from gateway.refused_calls.problems import Refusal, malformed, origin_not_allowed
from gateway.routing.table import Route

NOT_ALLOWED: Mapping[str, object] = MappingProxyType({"websocket": "not_allowed"})
"""For the log line of a request that offers one on a route without `websocket: true`, and is served without."""


class WebSocket:
    """Of one request on a route that allows it. `handshake` is what the upstream's response must accept."""

    def __init__(self, handshake: Handshake, route: Route, tunnels: OpenTunnels) -> None:
        self.handshake = handshake
        self._route = route
        self._tunnels = tunnels
        self._tunnel: Tunnel | None = None

    def may_open(self, client: str) -> bool:
        """Whether it may have one of the upstream's connections, until it is `over`."""
        upstream = self._route.upstream
        return self._tunnels.add(self, client, upstream.name, upstream.connections)

    def switch(
        self,
        client: ClientConnection,
        upstream: UpstreamConnection | None,
        received: bytes,
        over: Callable[[str], None],
    ) -> None:
        """To a tunnel. `received` came after the upstream's 101; `over` is as of a `Tunnel`."""
        if upstream is None:
            raise RuntimeError("a connection that is gone has no tunnel")
        idle_timeout, now = self._route.websocket_idle_timeout, asyncio.get_running_loop().time
        self._tunnel = Tunnel(client, upstream, idle_timeout=idle_timeout, over=over, now=now)
        self._tunnel.open(received)

    def sweep(self) -> None:
        if self._tunnel is not None:
            self._tunnel.sweep()

    def over(self) -> None:
        self._tunnels.discard(self)
        self._tunnel = None


def websocket_of(head: object, route: Route, tunnels: OpenTunnels) -> WebSocket | Refusal | None:
    """None where a request is to be served like any other.

    Refused is a malformed handshake, and one of a page that the route's policy does not allow: browsers leave that
    to the server (RFC 6455 section 10.2).
    """
    try:
        handshake = read_handshake(head) if isinstance(head, RequestHead) else None
    except BadRequest as error:
        return malformed(error, route=route.name)
    if handshake is None or not isinstance(head, RequestHead):
        return None
    origin = head.first("origin")
    if route.cors is not None and origin is not None and not route.cors.allows(origin):
        return origin_not_allowed(route=route.name)
    return WebSocket(handshake, route, tunnels)
