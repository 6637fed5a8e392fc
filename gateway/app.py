"""The gateway, put together: the operators' application, and beside it the public listener."""

import secrets

from aiohttp import web
from prometheus_client import CollectorRegistry

from gateway.composition.knowledge import Knowledge, knowledge
from gateway.composition.peers import Counting, Peers, Reports
from gateway.config import NAME, OPERATIONS, Settings
from gateway.credentials.call_usage import CallUsage
from gateway.decision import Decider
from gateway.edge.certificate_watch import CertificateWatch
from gateway.first_snapshot import FirstSnapshot
from gateway.forwarding.limit_decision import CallLimits
from gateway.http import endpoints
from gateway.http.decision import DecisionServer, decision_servers
from gateway.http.documentation import documentation
from gateway.http.health import gateway_health
from gateway.http.identity_keys import IdentityKeyEndpoint
from gateway.http.routes import RouteEndpoints
from gateway.identity_tokens.keys import IdentityKeys
from gateway.identity_tokens.tokens import IdentityTokens
from gateway.metrics import GatewayMetrics
from gateway.proxy.connection_limits import ConnectionLimits
from gateway.proxy.public_server import PublicServer
from gateway.proxy.report import Report
from gateway.routing.route_watch import RouteWatch
from gateway.workers.place import WorkerPlace
from gateway.workers.samples import samples_endpoint
from shared.addresses.forwarded_for import TrustedProxies
from shared.clock import Clock, SystemClock
from shared.clock_offset import JudgingClock
from shared.error_pages.pages import OWN_PATH, error_types
from shared.heap import FrozenHeap
from shared.http.app import service_app

PUBLIC_SERVER = web.AppKey("public_server", PublicServer)
DECISION_SERVERS = web.AppKey("decision_servers", list[DecisionServer])
"""One, or none where the settings want none."""


async def build_app(
    settings: Settings, *, clock: Clock | None = None, worker: WorkerPlace | None = None, freeze_heap: bool = False
) -> web.Application:
    """The operators' application; the public listener is one of its resources.

    As a `worker` it shares its port, and shows its metrics to the supervisor. `freeze_heap` is for a process that
    does nothing else. Raises `RouteFileError` when the route file is invalid.
    """
    clock = clock or SystemClock()
    metrics = CollectorRegistry()
    gateway_metrics = GatewayMetrics(metrics)
    watch = _route_watch(settings, gateway_metrics, worker)
    error_types.lead_to(settings.docs_url or settings.issuer + OWN_PATH)
    peers = Peers(settings, clock, metrics)
    reports = Reports(peers, clock, metrics)
    counting = Counting(settings, peers, clock, metrics)
    judging = JudgingClock(clock, peers.offsets)
    known = knowledge(
        settings,
        peers.clients,
        gateway_metrics=gateway_metrics,
        metrics=metrics,
        clock=clock,
        judging=judging,
        watch=watch,
        shares=counting.shares,
        usage_source=reports.usage.source,
    )
    _show(known, gateway_metrics)
    certificate = CertificateWatch(*settings.tls_files, metrics, clock) if settings.tls_files else None
    identity_keys = _identity_keys(settings)
    identity_tokens = IdentityTokens(identity_keys.signer, clock, issuer=settings.identity_token_issuer)
    decider = _decider(settings, watch, known, peers, reports, identity_tokens, worker)
    proxies = TrustedProxies(settings.trusted_proxies)
    report = Report(reports.audit, gateway_metrics, reports.traces, CallUsage(reports.usage))
    decisions = decision_servers(settings, decider, proxies, report, reuse_port=worker is not None)
    server = _public_server(
        settings,
        decider,
        proxies=proxies,
        report=report,
        known=known,
        gateway_metrics=gateway_metrics,
        certificate=certificate,
        worker=worker,
    )
    routes = RouteEndpoints(watch)
    table = endpoints(routes.routes, routes.explain, IdentityKeyEndpoint(identity_keys).jwks)
    pages, readers = documentation(settings, table, clock) if worker is None else ([], [])
    app = service_app(
        NAME,
        [*table, *pages, *([samples_endpoint(metrics)] if worker else [])],
        health=gateway_health(known, watch, peers.clients, peers.offsets, certificate, server.upstreams),
        metrics=metrics,
        now=clock.now,
        resources=(
            *peers.clients.values(),
            *readers,
            *reports.resources,
            *counting.resources,
            *known.resources,
            watch,
            *([certificate] if certificate else []),
            FirstSnapshot(known.following.follower, settings.first_snapshot_wait),
            *([FrozenHeap()] if freeze_heap else []),
            *decisions,
            server,
        ),
        description=OPERATIONS,
    )
    app[PUBLIC_SERVER], app[DECISION_SERVERS] = server, decisions
    return app


def _route_watch(settings: Settings, gateway_metrics: GatewayMetrics, worker: WorkerPlace | None) -> RouteWatch:
    return RouteWatch(
        settings.routes_file,
        settings.own_ports,
        gateway_metrics,
        staleness_bound=settings.staleness_bound,
        last_valid=worker.last_valid_routes if worker else None,
    )


def _show(known: Knowledge, gateway_metrics: GatewayMetrics) -> None:
    """How much is known."""
    gateway_metrics.stopped.set_function(lambda: len(known.stopped))
    gateway_metrics.watched.set_function(lambda: len(known.live))
    gateway_metrics.verified_tokens.set_function(lambda: len(known.access_tokens) + len(known.external_issuers))


def _identity_keys(settings: Settings) -> IdentityKeys:
    """Raises `ConfigError`."""
    path = settings.identity_token_key_file
    return IdentityKeys.generated() if path is None else IdentityKeys.of_file(path)


def _decider(
    settings: Settings,
    watch: RouteWatch,
    known: Knowledge,
    peers: Peers,
    reports: Reports,
    identity_tokens: IdentityTokens,
    worker: WorkerPlace | None,
) -> Decider:
    return Decider(
        routes=lambda: watch.table,
        access_tokens=known.access_tokens,
        external_issuers=known.external_issuers,
        api_tokens=known.api_tokens,
        sessions=known.sessions,
        stopped=known.stopped,
        staleness=known.staleness,
        client_address_proof=peers.client_address_proof,
        identity_tokens=identity_tokens,
        audiences=frozenset({settings.audience}),
        count_report_only=reports.report_only.count,
        limits=CallLimits(known.limits, reports.report_only.count),
        report_only_set=reports.report_only_set,
        via=f"1.1 passgate-{worker.gateway_id if worker else secrets.token_hex(8)}",
    )


def _public_server(
    settings: Settings,
    decider: Decider,
    *,
    proxies: TrustedProxies,
    report: Report,
    known: Knowledge,
    gateway_metrics: GatewayMetrics,
    certificate: CertificateWatch | None,
    worker: WorkerPlace | None,
) -> PublicServer:
    return PublicServer(
        decider,
        proxies=proxies,
        report=report,
        live=known.live,
        metrics=gateway_metrics,
        limits=ConnectionLimits(
            settings.max_connections, settings.max_connections_per_peer, settings.max_bodies_per_client
        ),
        host=settings.host,
        port=settings.port,
        reuse_port=worker is not None,
        grace=settings.shutdown_grace,
        keepalive_timeout=settings.keepalive_timeout,
        tls=certificate.context if certificate else None,
        tracing=settings.tracing,
        proxy_header_from=TrustedProxies(settings.proxy_protocol_from) if settings.proxy_protocol_from else None,
    )
