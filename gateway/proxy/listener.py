"""The public listener: accepts connections, makes an exchange of each request, ends what is late."""

import asyncio

import structlog

from gateway.decision import Decider
from gateway.http1.request import BadRequest, RequestHead
from gateway.metrics import GatewayMetrics
from gateway.proxy.client_connection import ClientConnection
from gateway.proxy.exchange import Exchange, Forwarding
from gateway.proxy.pool import Pools
from gateway.proxy.report import Report
from shared.audit.trail import AuditTrail
from shared.http.forwarded_for import TrustedProxies
from shared.http.server import bind

log = structlog.get_logger()

SWEEP_INTERVAL_S = 0.25
"""Seconds between two looks at all deadlines: so much later than it should may one end."""
IDLE_GRACE_S = 0.5
"""Seconds in which an idle connection may still send a request while the listener stops."""


class PublicServer:
    """Listens from `start` to `stop`; `stop` finishes what is in flight, within `grace` seconds."""

    def __init__(
        self,
        decider: Decider,
        *,
        proxies: TrustedProxies,
        audit: AuditTrail,
        metrics: GatewayMetrics,
        host: str,
        port: int,
        grace: float,
    ) -> None:
        self._pools = Pools()
        self._forwarding = Forwarding(decider, proxies, self._pools, Report(audit, metrics))
        self._address = (host, port)
        self._grace = grace
        self._connections: set[ClientConnection] = set()
        self._listener: asyncio.Server | None = None
        self._sweeping: asyncio.TimerHandle | None = None
        self.draining = False
        metrics.active.set_function(lambda: sum(connection.serving for connection in self._connections))

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._listener is None:
            raise RuntimeError("the server is not started")
        port: int = self._listener.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await bind(lambda: ClientConnection(self, loop), *self._address)
        self._sweeping = loop.call_later(SWEEP_INTERVAL_S, self._sweep)
        log.info("public_listener.started", host=self._address[0], port=self.port)

    async def stop(self) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        self.draining = True
        if self._listener is not None:
            self._listener.close()
        while self._connections and loop.time() < started + self._grace:
            if loop.time() >= started + IDLE_GRACE_S:
                for connection in list(self._connections):
                    connection.close_idle()
            await asyncio.sleep(0.01)
        for connection in list(self._connections):
            connection.abort()
        if self._sweeping is not None:
            self._sweeping.cancel()
        await self._pools.close()

    # What a connection reports

    def opened(self, connection: ClientConnection) -> None:
        self._connections.add(connection)

    def closed(self, connection: ClientConnection) -> None:
        self._connections.discard(connection)

    def receiver(self, connection: ClientConnection, head: RequestHead | BadRequest) -> Exchange:
        return Exchange(self._forwarding, connection, head)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweeping = loop.call_later(SWEEP_INTERVAL_S, self._sweep)
        now = loop.time()
        late = [c for c in self._connections if c.read_deadline <= now or c.write_deadline <= now]
        for connection in late:
            connection.expired(now)
        self._pools.sweep(now)
