"""The gateway, put together: the operators' application, and beside it the public listener."""

import secrets
from collections.abc import Mapping

from aiohttp import web
from prometheus_client import CollectorRegistry

from gateway.client_address_proof import ClientAddressProof
from gateway.config import NAME, OPERATIONS, Settings
from gateway.credentials.call_usage import CallUsage
from gateway.decision import Decider
from gateway.edge.certificate_watch import CertificateWatch
from gateway.first_snapshot import FirstSnapshot
from gateway.forwarding.call_limits import CallLimits
from gateway.http import endpoints
from gateway.http.decision import DecisionServer, decision_servers
from gateway.http.documentation import documentation
from gateway.http.health import gateway_health
from gateway.http.identity_keys import IdentityKeyEndpoint
from gateway.http.routes import RouteEndpoints
from gateway.identity_tokens.keys import IdentityKeys
from gateway.identity_tokens.tokens import IdentityTokens
from gateway.knowledge import Knowledge, knowledge
from gateway.metrics import GatewayMetrics
from gateway.proxy.connection_limits import Limits
from gateway.proxy.public_server import PublicServer
from gateway.proxy.report import Report
from gateway.routing.route_watch import RouteWatch
from gateway.routing.upstream_address import place_of
from gateway.workers.heap import FrozenHeap
from gateway.workers.place import WorkerPlace
from gateway.workers.samples import samples_endpoint
from shared.audit.trail import AuditTrail
from shared.clock import Clock, SystemClock
from shared.clock_offset import ClockOffsets, JudgingClock
from shared.contracts.key_registry import KeyRegistryClient
from shared.contracts.session_tokens import SessionTokensClient
from shared.error_pages.pages import OWN_PATH, error_types
from shared.http.app import service_app
from shared.http.client import ServiceClient
from shared.http.client_address import CLIENT_ADDRESS_PURPOSE
from shared.http.forwarded_for import TrustedProxies
from shared.limits.quota_watch import QuotaWatch
from shared.limits.shares import Shares
from shared.redis import PipelinedRedis
from shared.refusal_traces.recorder import RefusalTraces
from shared.report_only.counts import ReportOnlyCounts
from shared.report_only.trial_stops import TrialStops
from shared.service_tokens import ServiceIdentity
from shared.usage.recorder import Usage

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
    registry = CollectorRegistry()
    metrics = GatewayMetrics(registry)
    watch = RouteWatch(
        settings.routes_file,
        settings.own_ports,
        metrics,
        staleness_bound=settings.staleness_bound,
        last_valid=worker.last_valid_routes if worker else None,
    )
    error_types.lead_to(settings.docs_url or settings.issuer + OWN_PATH)
    identity = ServiceIdentity.from_file(NAME, settings.service_key_file, clock)
    offsets = ClockOffsets(clock, reference="key_registry", metrics=registry)
    identity_keys = _identity_keys(settings)
    calls = _service_clients(settings, identity, offsets)
    registry_client = KeyRegistryClient(calls["key_registry"])
    audit = AuditTrail(registry_client, service=NAME, clock=clock, metrics=registry)
    traces = RefusalTraces(registry_client, service=NAME, clock=clock, metrics=registry)
    report_only = ReportOnlyCounts(registry_client, clock=clock, metrics=registry)
    trial_stops = TrialStops(registry_client, report_only, clock)
    usage = Usage.reported_over(calls["key_registry"], clock=clock, metrics=registry)
    report = Report(audit, metrics, traces, CallUsage(usage))
    valkey = PipelinedRedis(settings.redis_dsn, timeout=settings.redis_timeout)
    quotas = QuotaWatch(registry_client, clock)
    shares = Shares(valkey, clock, place=NAME, metrics=registry, on_renewal=quotas.look)
    judging = JudgingClock(clock, offsets)
    known = knowledge(settings, calls, metrics, registry, clock, judging, watch, shares, usage.source)
    metrics.stopped.set_function(lambda: len(known.stopped))
    metrics.watched.set_function(lambda: len(known.live))
    certificate = CertificateWatch(*settings.tls_files, registry, clock) if settings.tls_files else None
    metrics.verified_tokens.set_function(lambda: len(known.access_tokens) + len(known.external_issuers))

    identity_tokens = IdentityTokens(identity_keys.signer, clock, issuer=settings.identity_token_issuer)
    decider = _decider(
        settings,
        watch,
        known,
        calls,
        _client_address_proof(settings, identity),
        identity_tokens,
        report_only,
        trial_stops,
        worker,
    )
    proxies = TrustedProxies(settings.trusted_proxies)
    decisions = decision_servers(settings, decider, proxies, report, reuse_port=worker is not None)
    server = PublicServer(
        decider,
        proxies=proxies,
        report=report,
        live=known.live,
        metrics=metrics,
        limits=Limits(settings.max_connections, settings.max_connections_per_peer, settings.max_bodies_per_client),
        host=settings.host,
        port=settings.port,
        reuse_port=worker is not None,
        grace=settings.shutdown_grace,
        keepalive_timeout=settings.keepalive_timeout,
        tls=certificate.context if certificate else None,
        tracing=settings.tracing,
        proxy_header_from=TrustedProxies(settings.proxy_protocol_from) if settings.proxy_protocol_from else None,
    )
    first_snapshot = FirstSnapshot(known.following.follower, settings.first_snapshot_wait)
    heap = [FrozenHeap()] if freeze_heap else []
    routes = RouteEndpoints(watch)
    table = endpoints(routes.routes, routes.explain, IdentityKeyEndpoint(identity_keys).jwks)
    pages, readers = documentation(settings, table, clock) if worker is None else ([], [])
    app = service_app(
        NAME,
        [
            *table,
            *pages,
            *([samples_endpoint(registry)] if worker else []),
        ],
        health=gateway_health(known, watch, calls, offsets, certificate, server.upstreams),
        metrics=registry,
        now=clock.now,
        resources=(
            *calls.values(),
            *readers,
            audit,
            traces,
            report_only,
            usage,
            valkey,
            shares,
            quotas,
            trial_stops,
            known.issuer_keys,
            known.key_sets,
            known.external_issuers,
            known.following,
            watch,
            *([certificate] if certificate else []),
            first_snapshot,
            *heap,
            *decisions,
            server,
        ),
        description=OPERATIONS,
    )
    app[PUBLIC_SERVER], app[DECISION_SERVERS] = server, decisions
    return app


def _identity_keys(settings: Settings) -> IdentityKeys:
    """Raises `ConfigError`."""
    path = settings.identity_token_key_file
    return IdentityKeys.generated() if path is None else IdentityKeys.of_file(path)


def _client_address_proof(settings: Settings, identity: ServiceIdentity) -> ClientAddressProof:
    """For those that brake or record by the client's address."""
    return ClientAddressProof(
        {
            place_of(url): identity.authorization_for(name, purpose=CLIENT_ADDRESS_PURPOSE)
            for name, url in _urls_of_services(settings).items()
        }
    )


def _urls_of_services(settings: Settings) -> dict[str, str]:
    """Those that the route file may lead to."""
    return {
        "token_issuer": settings.token_issuer_url,
        "session_tokens": settings.session_tokens_url,
        "operator_validator": settings.operator_validator_url,
    }


def _service_clients(
    settings: Settings, identity: ServiceIdentity, offsets: ClockOffsets
) -> dict[str, ServiceClient]:
    urls = {"key_registry": settings.key_registry_url, **_urls_of_services(settings)}
    own = {
        name: ServiceClient(url, authorization=identity.authorization_for(name), peer_clock=offsets.peer(name))
        for name, url in urls.items()
    }
    return {**own, "sample_resources": ServiceClient(settings.sample_resources_url)}


def _decider(
    settings: Settings,
    watch: RouteWatch,
    known: Knowledge,
    calls: Mapping[str, ServiceClient],
    client_address_proof: ClientAddressProof,
    identity_tokens: IdentityTokens,
    report_only: ReportOnlyCounts,
    trial_stops: TrialStops,
    worker: WorkerPlace | None,
) -> Decider:
    return Decider(
        routes=lambda: watch.table,
        access_tokens=known.access_tokens,
        external_issuers=known.external_issuers,
        api_tokens=known.api_tokens,
        sessions=SessionTokensClient(calls["session_tokens"]),
        stopped=known.stopped,
        staleness=known.staleness,
        client_address_proof=client_address_proof,
        identity_tokens=identity_tokens,
        audiences=frozenset({settings.audience}),
        count_report_only=report_only.count,
        limits=CallLimits(known.limits, report_only.count),
        trial_stops=trial_stops,
        via=f"1.1 passgate-{worker.gateway_id if worker else secrets.token_hex(8)}",
    )
