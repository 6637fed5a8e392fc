"""The session token service, put together."""

from aiohttp import web
from prometheus_client import CollectorRegistry

from services.session_tokens.config import Settings
from services.session_tokens.http import SECURITY_SCHEMES, endpoints
from services.session_tokens.http.tokens import SessionTokenEndpoints
from services.session_tokens.key_limits import KeyLimits
from services.session_tokens.metrics import TokenMetrics
from services.session_tokens.outbox import OutboxRelay
from services.session_tokens.storage.redis import RedisOutbox, RedisSessionStore
from services.session_tokens.tokens import SessionTokens
from services.session_tokens.usage import SessionUsage
from shared.audit.trail import AuditTrail
from shared.changes.cached_lookup import CachedLookup
from shared.changes.observed_follower import FollowingHealth, follow
from shared.changes.stopped_set import StoppedSet
from shared.clock import Clock, SystemClock
from shared.clock_offset import ClockOffsets, JudgingClock
from shared.contracts.key_registry import AccessKey, KeyRegistryClient
from shared.http.app import service_app
from shared.http.client import ServiceClient
from shared.http.client_address import ProvenClientAddresses
from shared.http.health import VALKEY, VALKEY_WRITES
from shared.limits.endpoint_limits import EndpointLimits
from shared.redis import PipelinedRedis
from shared.refusal_traces.service_refusals import ServiceRefusals
from shared.report_only.counts import ReportOnlyCounts
from shared.report_only.report_only_set import ReportOnlySet
from shared.service_tokens import ServiceAuthenticator, ServiceIdentity
from shared.usage.recorder import Usage

NAME = "session_tokens"


async def build_app(settings: Settings, *, clock: Clock | None = None) -> web.Application:
    clock = clock or SystemClock()
    metrics = CollectorRegistry()
    identity = ServiceIdentity.from_file(NAME, settings.service_key_file, clock)
    addresses = ProvenClientAddresses.from_file(settings.service_jwks_file, callee=NAME, clock=clock)
    offsets = ClockOffsets(clock, reference="key_registry", metrics=metrics)
    judging = JudgingClock(clock, offsets)
    registry_calls = ServiceClient(
        settings.key_registry_url,
        authorization=identity.authorization_for("key_registry"),
        peer_clock=offsets.peer("key_registry"),
    )
    registry = KeyRegistryClient(registry_calls)
    redis = PipelinedRedis(settings.redis_dsn, timeout=settings.redis_timeout)

    token_metrics = TokenMetrics(metrics)
    audit = AuditTrail(registry, service=NAME, clock=clock, metrics=metrics)
    authenticator = ServiceAuthenticator.from_file(
        settings.service_jwks_file, callee=NAME, clock=clock, on_refusal=audit.count_service_refusal
    )
    relay = OutboxRelay(
        RedisOutbox(redis), registry, report_length=token_metrics.outbox_events.set, report_lost=audit.dropped.inc
    )
    store = RedisSessionStore(redis, outbox_limit=settings.audit_outbox_limit, on_event=relay.wake)
    access_keys: CachedLookup[bytes, AccessKey] = CachedLookup(registry.access_key)
    ended = StoppedSet(clock, frozenset({"session_token"}))
    report_only = ReportOnlyCounts(registry, clock=clock, metrics=metrics)
    limits = EndpointLimits(redis, clock, report_only.count, place=NAME, metrics=metrics)
    usage = Usage.reported_over(registry_calls, clock=clock, metrics=metrics)
    consumers = (access_keys, ended, limits.table)
    following = follow(NAME, registry, consumers, settings, clock=clock, metrics=metrics, usage_source=usage.source)
    access_keys.attach(following.follower)

    tokens = SessionTokens(store, access_keys, ended, following.follower, registry, audit, judging)
    report_only_set = ReportOnlySet(registry, report_only, clock)
    session_usage = SessionUsage(usage)
    handlers = SessionTokenEndpoints(
        tokens,
        authenticator=authenticator,
        addresses=addresses,
        audit=audit,
        metrics=token_metrics,
        now=judging.now,
        report_only_set=report_only_set,
        limits=KeyLimits(limits, audit, session_usage),
        usage=session_usage,
    )

    health = FollowingHealth(NAME, following.follower, offsets)
    health.add(VALKEY, store.ping)
    health.add(VALKEY_WRITES, store.check_writes, required=False)
    health.add("audit_outbox", relay.check, required=False)
    return service_app(
        NAME,
        endpoints(handlers),
        health=health,
        metrics=metrics,
        addresses=addresses,
        traces=ServiceRefusals(registry, service=NAME, clock=clock, metrics=metrics),
        now=clock.now,
        resources=(registry_calls, redis, limits, audit, usage, relay, following, report_only, report_only_set),
        security_schemes=SECURITY_SCHEMES,
        description="Short-lived tokens that stand for hidden parameters.",
    )
