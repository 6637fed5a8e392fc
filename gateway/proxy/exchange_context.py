"""What all exchanges of a listener use."""

from dataclasses import dataclass

from gateway.decision import Decider
from gateway.edge.trace_context import Tracing
from gateway.proxy.bodies_under_way import BodiesUnderWay
from gateway.proxy.live_exchanges import LiveExchanges
from gateway.proxy.overload.admission import Admission
from gateway.proxy.report import Report
from gateway.proxy.tunnels.open_tunnels import OpenTunnels
from gateway.proxy.upstream.pools import Pools
from shared.addresses.forwarded_for import TrustedProxies


@dataclass(frozen=True, slots=True)
class ExchangeContext:
    decider: Decider
    proxies: TrustedProxies
    pools: Pools
    bodies: BodiesUnderWay
    live: LiveExchanges
    tunnels: OpenTunnels
    admission: Admission
    report: Report
    tracing: Tracing
