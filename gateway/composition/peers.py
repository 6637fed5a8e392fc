"""Those whom the gateway calls besides upstreams, put together: other services, and Valkey."""

from prometheus_client import CollectorRegistry

from gateway.client_address_proof import ClientAddressProof
from gateway.config import NAME, Settings
from gateway.routing.upstream_address import place_of
from shared.audit.trail import AuditTrail
from shared.clock import Clock
from shared.clock_offset import ClockOffsets
from shared.contracts.key_registry import KeyRegistryClient
from shared.http.app import Resource
from shared.http.client import ServiceClient
from shared.http.client_address import CLIENT_ADDRESS_PURPOSE
from shared.limits.quota_watch import QuotaWatch
from shared.limits.shares import Shares
from shared.redis import PipelinedRedis
from shared.refusal_traces.recorder import RefusalTraces
from shared.report_only.counts import ReportOnlyCounts
from shared.report_only.report_only_set import ReportOnlySet
from shared.service_tokens import ServiceIdentity
from shared.usage.recorder import Usage


class Peers:
    """The other services: `clients` by their names, and how far their clocks are off."""

    def __init__(self, settings: Settings, clock: Clock, metrics: CollectorRegistry) -> None:
        identity = ServiceIdentity.from_file(NAME, settings.service_key_file, clock)
        self.offsets = ClockOffsets(clock, reference="key_registry", metrics=metrics)
        self.clients = _clients(settings, identity, self.offsets)
        self.key_registry = KeyRegistryClient(self.clients["key_registry"])
        self.client_address_proof = _client_address_proof(settings, identity)


class Reports:
    """What the registry gets to know of calls; `resources` are to be started and stopped with the application."""

    def __init__(self, peers: Peers, clock: Clock, metrics: CollectorRegistry) -> None:
        registry = peers.key_registry
        self.audit = AuditTrail(registry, service=NAME, clock=clock, metrics=metrics)
        self.traces = RefusalTraces(registry, service=NAME, clock=clock, metrics=metrics)
        self.report_only = ReportOnlyCounts(registry, clock=clock, metrics=metrics)
        self.report_only_set = ReportOnlySet(registry, self.report_only, clock)
        self.usage = Usage.reported_over(peers.clients["key_registry"], clock=clock, metrics=metrics)
        self.resources: tuple[Resource, ...] = (
            self.audit,
            self.traces,
            self.report_only,
            self.usage,
            self.report_only_set,
        )


class Counting:
    """Where calls are counted that limits hold for; `resources` as those of `Reports`."""

    def __init__(self, settings: Settings, peers: Peers, clock: Clock, metrics: CollectorRegistry) -> None:
        valkey = PipelinedRedis(settings.redis_dsn, timeout=settings.redis_timeout)
        quotas = QuotaWatch(peers.key_registry, clock)
        self.shares = Shares(valkey, clock, place=NAME, metrics=metrics, on_renewal=quotas.look)
        self.resources: tuple[Resource, ...] = (valkey, self.shares, quotas)


def _client_address_proof(settings: Settings, identity: ServiceIdentity) -> ClientAddressProof:
    """For those that throttle or record by the client's address."""
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


def _clients(settings: Settings, identity: ServiceIdentity, offsets: ClockOffsets) -> dict[str, ServiceClient]:
    urls = {"key_registry": settings.key_registry_url, **_urls_of_services(settings)}
    own = {
        name: ServiceClient(url, authorization=identity.authorization_for(name), peer_clock=offsets.peer(name))
        for name, url in urls.items()
    }
    return {**own, "sample_resources": ServiceClient(settings.sample_resources_url)}
