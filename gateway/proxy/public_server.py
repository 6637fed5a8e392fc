"""The public listener: accepts connections, makes an exchange of each request, ends what is late."""

import asyncio
import ssl
from collections.abc import Callable

import structlog

from gateway.decision import Decider
from gateway.edge.arrival import Arrival
from gateway.edge.arrivals import Arrivals
from gateway.edge.trace_context import PassedOn, Tracing
from gateway.http1.request import BadRequest
from gateway.http1.request_head import RequestHead
from gateway.metrics import GatewayMetrics
from gateway.proxy.bodies_under_way import BodiesUnderWay
from gateway.proxy.client_connection import ClientConnection
from gateway.proxy.connection_limits import ClientConnections, ConnectionLimits, descriptor_limit
from gateway.proxy.exchange import Exchange
from gateway.proxy.exchange_context import ExchangeContext
from gateway.proxy.live_exchanges import LiveExchanges
from gateway.proxy.overload.admission import Admission
from gateway.proxy.report import Report
from gateway.proxy.sockets import accept_pending, drop_new_connections
from gateway.proxy.tunnels.open_tunnels import OpenTunnels
from gateway.proxy.upstream.pools import Pools
from gateway.routing.table import RouteTable
from shared.addresses.block import address_block
from shared.addresses.forwarded_for import TrustedProxies
from shared.http.connection import KEEPALIVE_TIMEOUT_S
from shared.http.server import bind
from shared.waiting.sweep import sweep_each

log = structlog.get_logger()

SWEEP_INTERVAL_S = 0.25
"""Seconds between two looks at the deadlines of all clients' connections: so much later may one end."""
ARRIVING_SHARE = 0.25
"""Of all connections, for those whose PROXY header or TLS handshake is not complete."""
POOL_SWEEP_INTERVAL_S = 0.1
"""The same for upstreams' connections and those who wait for one."""
IDLE_GRACE_S = 0.5
"""Seconds in which an idle connection may still send a request while the listener stops."""
HANDSHAKE_GRACE_S = 0.02
"""Seconds in which a connection that a client has begun to open is still accepted."""
STOP_CHECK_INTERVAL_S = 0.01
"""Seconds between two looks whether all connections have ended."""


class PublicServer:
    """Listens from `start` to `stop`; `stop` finishes what is in flight, within `grace` seconds."""

    def __init__(
        self,
        decider: Decider,
        *,
        proxies: TrustedProxies,
        report: Report,
        live: LiveExchanges,
        metrics: GatewayMetrics,
        limits: ConnectionLimits,
        host: str,
        port: int,
        grace: float,
        keepalive_timeout: float = KEEPALIVE_TIMEOUT_S,
        reuse_port: bool = False,
        tls: Callable[[], ssl.SSLContext] | None = None,
        proxy_header_from: TrustedProxies | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        """`tls`: what TLS is spoken with on a connection that begins now; without it, HTTP is.

        `proxy_header_from`: those whose connections begin with a PROXY header. Without `tracing` what a client says
        of its trace goes on as it came.
        """
        self._limits = limits.within_descriptors(descriptor_limit())
        self._routes = decider.routes
        self._followed: RouteTable | None = None
        """The table whose upstreams have pools."""
        self.upstreams = Pools(metrics.upstreams)
        self.tasks = self.upstreams.tasks
        self.admission = Admission()
        self._context = ExchangeContext(
            decider=decider,
            proxies=proxies,
            pools=self.upstreams,
            bodies=BodiesUnderWay(self._limits.bodies_per_client),
            live=live,
            tunnels=OpenTunnels(),
            admission=self.admission,
            report=report,
            tracing=tracing or PassedOn(),
        )
        self._address = (host, port)
        self._grace = grace
        self._reuse_port = reuse_port
        self._connections = ClientConnections[ClientConnection | Arrival](
            self._limits, proxies, metrics.connection_closed_early
        )
        self._arrivals: Arrivals | None = None
        """What connections pass before they speak HTTP; None where that is nothing."""
        if tls is not None or proxy_header_from is not None:
            max_arriving = max(1, int(self._limits.connections * ARRIVING_SHARE))
            self._arrivals = Arrivals(
                tls, metrics, max_arriving=max_arriving, header_from=proxy_header_from, client_of=address_block
            )
        self._listener: asyncio.Server | None = None
        self._sweeps: dict[str, asyncio.TimerHandle] = {}
        self.draining = False
        self.keepalive_timeout = keepalive_timeout
        self._show(metrics)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._listener is None:
            raise RuntimeError("the server is not started")
        port: int = self._listener.sockets[0].getsockname()[1]
        return port

    @property
    def speaks_tls(self) -> bool:
        return self._arrivals is not None and self._arrivals.context is not None

    async def start(self) -> None:
        self._follow_routes()
        await self.upstreams.start()
        self._listener = await bind(self._connection, *self._address, reuse_port=self._reuse_port)
        self._sweep_clients()
        self._sweep_pools()
        self.admission.start()
        log.info(
            "public_listener.started",
            host=self._address[0],
            port=self.port,
            tls=self.speaks_tls,
            max_connections=self._limits.connections,
            max_connections_per_peer=self._limits.connections_per_peer,
        )

    async def stop(self) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        self.draining = True
        self.keepalive_timeout = IDLE_GRACE_S
        if self._listener is not None:
            drop_new_connections(self._listener)
            await asyncio.sleep(HANDSHAKE_GRACE_S)
            pending = accept_pending(self._listener)
            self._listener.close()
            for accepted in pending:
                await loop.connect_accepted_socket(self._connection, accepted)
        ends_by = started + IDLE_GRACE_S
        sweep_each("stop", self._connections, lambda connection: connection.end_idle_by(ends_by), self._give_up)
        await asyncio.sleep(STOP_CHECK_INTERVAL_S)  # for those that are accepted, and not reported yet
        while self._connections and loop.time() < started + self._grace:
            await asyncio.sleep(STOP_CHECK_INTERVAL_S)
            self._expire(loop.time())
        sweep_each("stop", self._connections, lambda connection: self._give_up(connection, "shutdown"))
        for timer in self._sweeps.values():
            timer.cancel()
        self.admission.stop()
        await self.upstreams.stop()
        await self.upstreams.close()

    # What a connection reports

    def opened(self, connection: ClientConnection | Arrival) -> None:
        if not self._connections.add(connection):
            connection.abort()

    def closed(self, connection: ClientConnection | Arrival) -> None:
        self._connections.discard(connection)

    def entered(self, peer: str, scheme: str) -> ClientConnection:
        return ClientConnection(self, asyncio.get_running_loop(), peer=peer, scheme=scheme)

    def trusts(self, peer: str) -> bool:
        return peer in self._context.proxies

    def receiver_of(self, connection: ClientConnection, head: RequestHead | BadRequest) -> Exchange:
        return Exchange(self._context, connection, head)

    def _connection(self) -> ClientConnection | Arrival:
        loop = asyncio.get_running_loop()
        return ClientConnection(self, loop) if self._arrivals is None else Arrival(self._arrivals, self, loop)

    def _show(self, metrics: GatewayMetrics) -> None:
        """Gauges of what there is at the moment, counted when they are read."""
        bodies, tunnels, arrivals = self._context.bodies, self._context.tunnels, self._arrivals
        admission = self.admission
        metrics.active.set_function(lambda: sum(connection.serving for connection in self._connections))
        metrics.open_connections.set_function(lambda: len(self._connections))
        metrics.open_tunnels.set_function(lambda: len(tunnels))
        metrics.bodies_under_way.set_function(lambda: len(bodies))
        metrics.waiting.set_function(lambda: admission.waiting)
        metrics.overloaded.set_function(lambda: admission.active)
        metrics.turn_seconds.set_function(lambda: admission.turn_seconds)
        if arrivals is not None:
            metrics.arriving_connections.set_function(lambda: len(arrivals))

    def _sweep_clients(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweeps["clients"] = loop.call_later(SWEEP_INTERVAL_S, self._sweep_clients)
        self._expire(loop.time())
        sweep_each("exchanges", self._connections, _sweep_receiver, self._give_up)
        self._context.live.sweep()
        self._connections.sweep(loop.time())
        if self._arrivals is not None:
            self._arrivals.sweep(loop.time())

    def _expire(self, now: float) -> None:
        late = [c for c in self._connections if c.read_deadline <= now or c.write_deadline <= now]
        sweep_each("deadlines", late, lambda connection: connection.expired(now), self._give_up)

    def _give_up(self, connection: ClientConnection | Arrival, cause: str = "internal") -> None:
        """End a connection, whatever it is at; it is met no more, even if that fails."""
        receiver = connection.receiver
        self._connections.discard(connection)
        try:
            connection.abort()
        finally:
            if receiver is not None:
                receiver.client_left(cause)

    def _sweep_pools(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweeps["pools"] = loop.call_later(POOL_SWEEP_INTERVAL_S, self._sweep_pools)
        self._follow_routes()
        self.upstreams.sweep(loop.time())

    def _follow_routes(self) -> None:
        table = self._routes()
        if table is not self._followed:
            self._followed = table
            self.upstreams.follow(table.upstreams)


def _sweep_receiver(connection: ClientConnection | Arrival) -> None:
    if connection.receiver is not None:
        connection.receiver.sweep()
