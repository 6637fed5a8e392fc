"""What the gateway's health is made of."""

from collections.abc import Awaitable, Callable, Mapping

from gateway.composition.knowledge import Knowledge
from gateway.config import NAME
from gateway.edge.certificate_watch import CertificateWatch
from gateway.proxy.upstream.pools import Pools
from gateway.routing.route_watch import RouteWatch
from shared.changes.observed_follower import FollowingHealth
from shared.clock_offset import ClockOffsets
from shared.errors import Unavailable
from shared.http.client import ServiceClient


def gateway_health(
    known: Knowledge,
    watch: RouteWatch,
    calls: Mapping[str, ServiceClient],
    offsets: ClockOffsets,
    certificate: CertificateWatch | None,
    upstreams: Pools,
) -> FollowingHealth:
    """The whole stack; readiness depends only on what every protected route needs."""
    health = FollowingHealth(NAME, known.following.follower, offsets)
    health.add("issuer_keys", known.issuer_keys.check)
    health.add("external_issuers", known.external_issuers.check, required=False)
    health.add("route_file", watch.check, required=False)
    health.add("upstreams", upstreams.check, required=False, details=upstreams.details)
    if certificate is not None:
        health.add("tls_certificate", certificate.check, required=False)
    for name, client in calls.items():
        health.add(name, _readiness_of(client), required=False)
    return health


def _readiness_of(client: ServiceClient) -> Callable[[], Awaitable[object]]:
    async def check() -> None:
        if await client.get("/health/ready") is None:
            raise Unavailable("it has no /health/ready")

    return check
