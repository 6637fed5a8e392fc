"""The token issuer, put together."""

from dataclasses import dataclass
from functools import partial

from aiohttp import web
from prometheus_client import CollectorRegistry

from services.token_issuer import assertion_audiences, pruning
from services.token_issuer.clients.assertions import AssertionVerifier
from services.token_issuer.clients.authentication import ClientAuthenticator
from services.token_issuer.clients.throttle import WRONG_SECRET_WINDOW_S, WRONG_SECRETS_PREFIX, SecretThrottle
from services.token_issuer.clients.timing import RefusalTimeFloor
from services.token_issuer.config import NAME, Settings
from services.token_issuer.diagnosis.access_tokens import AccessTokenDiagnosis
from services.token_issuer.diagnosis.assertions import AssertionDiagnosis
from services.token_issuer.grants import Grant, client_credentials, jwt_bearer
from services.token_issuer.http import SECURITY_SCHEMES, endpoints
from services.token_issuer.http.client_and_token import ClientRequests
from services.token_issuer.http.diagnosis import DiagnosisEndpoint
from services.token_issuer.http.discovery import Discovery
from services.token_issuer.http.introspection import IntrospectionEndpoint
from services.token_issuer.http.revocation import RevocationEndpoint
from services.token_issuer.http.revoke_me import MAX_REQUESTS_A_MINUTE, RevokeMeEndpoint
from services.token_issuer.http.token import PROFILES, TokenEndpoint
from services.token_issuer.metadata import metadata
from services.token_issuer.metrics import IssuerMetrics, SigningKeyMetrics
from services.token_issuer.refusals import Refusals
from services.token_issuer.signing import Keys, key_steps, open_keys
from services.token_issuer.signing_keys.maintenance import SigningKeyChanges
from services.token_issuer.storage.ports import UsedAssertions
from services.token_issuer.storage.postgres import SCHEMA, open_database
from services.token_issuer.storage.postgres.signing_keys import PostgresSigningKeys
from services.token_issuer.storage.postgres.used_assertions import PostgresUsedAssertions
from services.token_issuer.tokens.held import HeldCredentials
from services.token_issuer.tokens.introspection import Introspector, IssuedTokens
from services.token_issuer.tokens.issuance import TokenIssuer
from services.token_issuer.tokens.revocation import TokenRevoker
from services.token_issuer.usage import ClientUsage
from shared.audit.trail import AuditTrail
from shared.background_task import PeriodicTask
from shared.changes.cached_lookup import CachedLookup
from shared.changes.observed_follower import Following, FollowingHealth, follow
from shared.changes.stopped_set import StoppedSet
from shared.clock import Clock, SystemClock
from shared.clock_offset import ClockOffsets, JudgingClock
from shared.contracts.admin_api import AdminApiClient
from shared.contracts.key_registry import ApiClient, KeyPair, KeyRegistryClient
from shared.error_pages.pages import OWN_PATH, error_types
from shared.failure_times import OwnTimesMeanwhile
from shared.failure_times.memory import MemoryFailureTimes
from shared.failure_times.redis import RedisFailureTimes
from shared.http.app import service_app
from shared.http.client import ServiceClient
from shared.http.client_address import ClientAddresses, ProvenClientAddresses
from shared.http.endpoints import Endpoint
from shared.http.health import POSTGRESQL, VALKEY
from shared.limits.endpoint_limits import EndpointLimits
from shared.postgres.pool import Database
from shared.redis import PipelinedRedis
from shared.refusal_traces.service_refusals import ServiceRefusals
from shared.report_only.counts import ReportOnlyCounts
from shared.report_only.report_only_set import ReportOnlySet
from shared.service_tokens import ServiceIdentity
from shared.usage.recorder import Usage

KEY_MAINTENANCE_INTERVAL_S = 2.0
PRUNE_INTERVAL_S = 60.0


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


async def build_app(settings: Settings, *, clock: Clock | None = None) -> web.Application:
    clock = clock or SystemClock()
    error_types.lead_to(settings.docs_url or settings.issuer + OWN_PATH)
    metrics = CollectorRegistry()
    offsets = ClockOffsets(clock, reference="key_registry", metrics=metrics)
    judging = JudgingClock(clock, offsets)
    dependencies = connect(settings, metrics, clock, offsets)
    store = PostgresSigningKeys(dependencies.database)
    steps = key_steps(settings, store, dependencies.registry_calls, dependencies.audit)
    wake = dependencies.signing_key_changes.happened
    keys = open_keys(settings, steps, dependencies.stopped, wake, judging)
    SigningKeyMetrics(metrics, keys.ring, keys.maintenance, clock)
    used = PostgresUsedAssertions(dependencies.database, dependencies.following.follower.confirm)

    def compared() -> bool:
        return dependencies.following.follower.fresh

    prune = partial(pruning.prune, used, keys.rotator, judging, compared, token_lifetime=settings.token_lifetime)
    addresses = ProvenClientAddresses.from_file(settings.service_jwks_file, callee=NAME, clock=clock)
    health = FollowingHealth(NAME, dependencies.following.follower, offsets)
    health.add(POSTGRESQL, partial(SCHEMA.require_current, dependencies.database))
    health.add("signing_key", keys.ring.check)
    health.add("signing_key_rotation", keys.maintenance.check_rotation, required=False)
    health.add(VALKEY, dependencies.redis.check_writes, required=False)
    return service_app(
        NAME,
        build_endpoints(settings, dependencies, keys, used, addresses, metrics, judging),
        health=health,
        metrics=metrics,
        addresses=addresses,
        traces=ServiceRefusals(dependencies.registry, service=NAME, clock=clock, metrics=metrics),
        now=clock.now,
        resources=(
            dependencies.registry_calls,
            dependencies.admin_calls,
            dependencies.database,
            dependencies.redis,
            dependencies.limits,
            dependencies.audit,
            dependencies.usage,
            dependencies.following,
            dependencies.report_only_set.counts,
            dependencies.report_only_set,
            keys.pool,
            PeriodicTask("signing_keys", keys.maintenance.run, interval=KEY_MAINTENANCE_INTERVAL_S, wake=wake),
            PeriodicTask("pruning", prune, interval=PRUNE_INTERVAL_S),
        ),
        security_schemes=SECURITY_SCHEMES,
        description="OAuth 2.0 access tokens for API clients and key pairs.",
    )


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


def build_endpoints(
    settings: Settings,
    dependencies: Dependencies,
    keys: Keys,
    used: UsedAssertions,
    addresses: ClientAddresses,
    metrics: CollectorRegistry,
    clock: Clock,
) -> list[Endpoint]:
    """The rules, and over them the endpoints."""
    registry, stopped, audit = dependencies.registry, dependencies.stopped, dependencies.audit
    tried, usage = dependencies.report_only_set, ClientUsage(dependencies.usage)
    time_floor, follower = RefusalTimeFloor(clock), dependencies.following.follower
    assertions = AssertionVerifier(
        dependencies.key_pairs.get, used, time_floor, clock, lambda: follower.restored_at
    )
    shared_times = RedisFailureTimes(
        dependencies.redis, prefix=WRONG_SECRETS_PREFIX, window_s=WRONG_SECRET_WINDOW_S
    )
    wrong_secrets = OwnTimesMeanwhile(shared_times, MemoryFailureTimes(), clock)
    throttle = SecretThrottle(wrong_secrets, clock)
    audiences = assertion_audiences.of_grants(settings.issuer, settings.assertion_audiences)
    own = assertion_audiences.of_client_assertions(settings.issuer)
    authenticator = ClientAuthenticator(
        dependencies.api_clients, assertions, throttle, time_floor, clock, audiences=own
    )
    grants: dict[str, Grant] = {
        client_credentials.GRANT_TYPE: client_credentials.ClientCredentials(tried.scopes),
        jwt_bearer.GRANT_TYPE: jwt_bearer.JwtBearer(assertions, audiences=audiences, report_only=tried.scopes),
    }
    issuer = TokenIssuer(
        keys.ring,
        keys.pool,
        audit,
        clock,
        issuer=settings.issuer,
        audience=settings.audience,
        lifetime=settings.token_lifetime,
    )
    tokens = IssuedTokens(keys.ring, clock, issuer=settings.issuer)
    counts, require_fresh = IssuerMetrics(metrics), follower.require_fresh
    refusals = Refusals(audit, counts.refused, usage)
    requests = ClientRequests(authenticator, addresses, refusals, usage)
    per_client = tried, dependencies.limits, usage
    revoker = TokenRevoker(tokens, registry, stopped, audit)
    held = HeldCredentials(tokens, registry, revoker, stopped)
    held_throttle = SecretThrottle(wrong_secrets, clock, limit=MAX_REQUESTS_A_MINUTE)
    return endpoints(
        [
            TokenEndpoint(p, grants, authenticator, issuer, addresses, refusals, counts, *per_client)
            for p in PROFILES
        ],
        IntrospectionEndpoint(requests, Introspector(tokens, stopped, require_fresh)),
        RevocationEndpoint(requests, revoker),
        DiagnosisEndpoint(
            AssertionDiagnosis(assertions, time_floor, clock, audiences=audiences, report_only=tried.scopes),
            AccessTokenDiagnosis(
                keys.ring, stopped, require_fresh, clock, issuer=settings.issuer, audience=settings.audience
            ),
            AdminApiClient(dependencies.admin_calls),
        ),
        RevokeMeEndpoint(held, held_throttle, time_floor, addresses, refusals),
        Discovery(keys.ring, metadata(settings.issuer)),
    )
