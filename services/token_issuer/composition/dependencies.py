"""What runs elsewhere, and the clients of it."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from services.token_issuer.config import NAME, Settings
from services.token_issuer.signing_keys.maintenance import SigningKeyChanges
from services.token_issuer.storage.postgres import open_database
from shared.audit.trail import AuditTrail
from shared.changes.cached_lookup import CachedLookup
from shared.changes.observed_follower import Following, follow
from shared.changes.stopped_set import StoppedSet
from shared.clock import Clock
from shared.clock_offset import ClockOffsets
from shared.contracts.key_registry import ApiClient, KeyPair, KeyRegistryClient
from shared.http.client import ServiceClient
from shared.limits.endpoint_limits import EndpointLimits
from shared.postgres.pool import Database
from shared.redis import PipelinedRedis
from shared.report_only.counts import ReportOnlyCounts
from shared.report_only.report_only_set import ReportOnlySet
from shared.service_tokens import ServiceIdentity
from shared.usage.recorder import Usage


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What runs elsewhere: the registry and what is known of it, the stores, the audit trail."""

    registry_calls: ServiceClient
    registry: KeyRegistryClient
    admin_calls: ServiceClient
    """Calls of the registry's admin API, each with the token of the admin on whose behalf it is made."""
    database: Database
    redis: PipelinedRedis
    audit: AuditTrail
    usage: Usage
    api_clients: CachedLookup[str, ApiClient]
    key_pairs: CachedLookup[str, KeyPair]
    stopped: StoppedSet
    signing_key_changes: SigningKeyChanges
    following: Following
    report_only_set: ReportOnlySet
    limits: EndpointLimits


def connect(settings: Settings, metrics: CollectorRegistry, clock: Clock, offsets: ClockOffsets) -> Dependencies:
    registry_calls = registry_client(settings, clock, offsets)
    registry = KeyRegistryClient(registry_calls)
    api_clients: CachedLookup[str, ApiClient] = CachedLookup(registry.api_client)
    key_pairs: CachedLookup[str, KeyPair] = CachedLookup(registry.key_pair)
    stopped, signing_key_changes = StoppedSet(clock), SigningKeyChanges()
    redis = PipelinedRedis(settings.redis_dsn, timeout=settings.redis_timeout)
    report_only = ReportOnlyCounts(registry, clock=clock, metrics=metrics)
    limits = EndpointLimits(redis, clock, report_only.count, place=NAME, metrics=metrics)
    consumers = (api_clients, key_pairs, stopped, signing_key_changes, limits.table)
    usage = Usage.reported_over(registry_calls, clock=clock, metrics=metrics)
    following = follow(NAME, registry, consumers, settings, clock=clock, metrics=metrics, usage_source=usage.source)
    api_clients.attach(following.follower)
    key_pairs.attach(following.follower)
    return Dependencies(
        registry_calls=registry_calls,
        registry=registry,
        admin_calls=ServiceClient(settings.key_registry_url, connections=4),
        database=open_database(
            settings.database_dsn, size=settings.database_pool_size, timeout=settings.store_timeout
        ),
        redis=redis,
        audit=AuditTrail(registry, service=NAME, clock=clock, metrics=metrics),
        usage=usage,
        api_clients=api_clients,
        key_pairs=key_pairs,
        stopped=stopped,
        signing_key_changes=signing_key_changes,
        following=following,
        report_only_set=ReportOnlySet(registry, report_only, clock),
        limits=limits,
    )


def registry_client(settings: Settings, clock: Clock, offsets: ClockOffsets | None = None) -> ServiceClient:
    identity = ServiceIdentity.from_file(NAME, settings.service_key_file, clock)
    return ServiceClient(
        settings.key_registry_url,
        authorization=identity.authorization_for("key_registry"),
        peer_clock=None if offsets is None else offsets.peer("key_registry"),
    )
