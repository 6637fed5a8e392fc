"""The gateway, put together: the operators' application, and beside it the public listener."""

import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry

from gateway.access_tokens import AccessTokens
from gateway.api_tokens import ApiTokens
from gateway.config import Settings
from gateway.decision import Decider
from gateway.forwarded import TrustedProxies
from gateway.http import endpoints
from gateway.issuer_keys import IssuerKeys
from gateway.metrics import GatewayMetrics
from gateway.route_watch import RouteWatch
from gateway.stopped import StoppedSet
from gateway.transport.http_forwarder import HttpForwarder
from gateway.transport.server import PublicServer
from gateway.upstream_address import OwnPorts
from shared.audit import AuditTrail
from shared.changes import ChangeFollower
from shared.clock import Clock, SystemClock
from shared.contracts.key_registry import KeyRegistryClient
from shared.contracts.operator_validator import OperatorValidatorClient
from shared.contracts.session_tokens import SessionTokensClient
from shared.contracts.token_issuer import TokenIssuerClient
from shared.errors import Unavailable
from shared.http.app import service_app
from shared.http.client import ServiceClient
from shared.http.health import Health
from shared.service_tokens import ServiceIdentity

NAME = "gateway"
PUBLIC_SERVER = web.AppKey("public_server", PublicServer)


async def build_app(settings: Settings, *, clock: Clock | None = None) -> web.Application:
    """The operators' application; the public listener is one of its resources.

    Raises `RouteFileError` when the route file is not good.
    """
    clock = clock or SystemClock()
    registry = CollectorRegistry()
    metrics = GatewayMetrics(registry)
    watch = RouteWatch(settings.routes_file, own_ports(settings), metrics)

    identity = ServiceIdentity.from_file(NAME, settings.service_key_file, clock)
    calls = {
        "key_registry": _client(settings.key_registry_url, identity, "key_registry"),
        "token_issuer": _client(settings.token_issuer_url, identity, "token_issuer"),
        "session_tokens": _client(settings.session_tokens_url, identity, "session_tokens"),
        "operator_validator": _client(settings.operator_validator_url, identity, "operator_validator"),
        "sample_resources": ServiceClient(settings.sample_resources_url),
    }
    key_registry = KeyRegistryClient(calls["key_registry"])
    audit = AuditTrail(key_registry, service=NAME, clock=clock)
    issuer_keys = IssuerKeys(TokenIssuerClient(calls["token_issuer"]).jwks, clock)
    stopped = StoppedSet(clock)
    api_tokens = ApiTokens(OperatorValidatorClient(calls["operator_validator"]), clock)
    follower = ChangeFollower(
        key_registry,
        (stopped, api_tokens),
        clock=clock,
        interval=settings.changes_poll_interval,
        bound=settings.staleness_bound,
    )
    api_tokens.attach(follower)
    access_tokens = AccessTokens(issuer_keys, follower, clock, issuer=settings.issuer)
    metrics.changes_age.set_function(lambda: min(follower.age, 1e9))
    metrics.stopped.set_function(lambda: len(stopped))
    metrics.verified_tokens.set_function(lambda: len(access_tokens))

    decider = Decider(
        routes=lambda: watch.table,
        access_tokens=access_tokens,
        api_tokens=api_tokens,
        sessions=SessionTokensClient(calls["session_tokens"]),
        stopped=stopped,
        proxies=TrustedProxies(settings.trusted_proxies),
        audiences=frozenset({settings.audience}),
        via=f"1.1 passgate-{secrets.token_hex(8)}",
    )
    forwarder = HttpForwarder()
    server = PublicServer(
        decider,
        forwarder,
        audit=audit,
        metrics=metrics,
        host=settings.host,
        port=settings.port,
        grace=settings.shutdown_grace,
    )

    health = Health(NAME)
    health.add("changes", follower.check)
    health.add("issuer_keys", issuer_keys.check)
    health.add("route_file", watch.check, required=False)
    for name, client in calls.items():
        health.add(name, _readiness_of(client), required=False)
    app = service_app(
        NAME,
        endpoints(watch),
        health=health,
        metrics=registry,
        resources=(*calls.values(), audit, issuer_keys, follower, watch, forwarder, server),
        description="Health, metrics and the route table of the gateway. Its public port is another one.",
    )
    app[PUBLIC_SERVER] = server
    return app


def own_ports(settings: Settings) -> OwnPorts:
    return OwnPorts(settings.host, frozenset({settings.port, settings.ops_port}) - {0})


def _client(url: str, identity: ServiceIdentity, callee: str) -> ServiceClient:
    return ServiceClient(url, authorization=identity.authorization_for(callee))


def _readiness_of(client: ServiceClient) -> Callable[[], Awaitable[object]]:
    async def check() -> None:
        if await client.get("/health/ready") is None:
            raise Unavailable("it has no /health/ready")

    return check
