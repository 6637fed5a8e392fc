"""The token issuer, put together."""

from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry

from services.token_issuer.clients.assertions import LEEWAY, AssertionVerifier, UsedAssertions
from services.token_issuer.clients.authentication import ClientAuthenticator
from services.token_issuer.clients.throttle import GuessLimiter
from services.token_issuer.clients.timing import EvenedTime
from services.token_issuer.config import Settings
from services.token_issuer.grants import Grant, client_credentials, jwt_bearer
from services.token_issuer.http import SECURITY_SCHEMES, endpoints
from services.token_issuer.http.discovery import Documents
from services.token_issuer.http.token import PROFILES, TokenEndpoint
from services.token_issuer.http.token_care import TokenCare
from services.token_issuer.metadata import metadata, own_urls
from services.token_issuer.metrics import IssuerMetrics
from services.token_issuer.refusals import Refusals
from services.token_issuer.signing_keys.maintenance import KeyCare, SigningKeyChanges
from services.token_issuer.signing_keys.pool import SigningPool
from services.token_issuer.signing_keys.records import SigningKeyStore
from services.token_issuer.signing_keys.ring import KeyRing
from services.token_issuer.signing_keys.rotation import KeyMaker
from services.token_issuer.storage.memory import MemoryWrongSecrets
from services.token_issuer.storage.postgres import PostgresSigningKeys, PostgresUsedAssertions
from services.token_issuer.storage.redis import RedisWrongSecrets
from services.token_issuer.tokens.introspection import Introspector, IssuedTokens
from services.token_issuer.tokens.issuance import TokenIssuer
from services.token_issuer.tokens.revocation import TokenRevoker
from shared.audit import AuditTrail
from shared.changes.cached_lookup import CachedLookup
from shared.changes.following import Following, FollowingHealth, follow
from shared.changes.stopped_set import StoppedSet
from shared.clock import Clock, SystemClock
from shared.contracts.key_registry import ApiClient, KeyPair, KeyRegistryClient
from shared.http.app import service_app
from shared.http.client import ServiceClient
from shared.http.client_address import ClientAddress
from shared.http.endpoints import Endpoint
from shared.periodic import PeriodicTask
from shared.postgres.pool import Database
from shared.redis import PipelinedRedis
from shared.service_tokens import ServiceIdentity

NAME = "token_issuer"
KEY_RING_INTERVAL = 2.0
TIDYING_INTERVAL = 60.0
"""Both in seconds."""
FORGET_AFTER = LEEWAY + 245.0
"""Seconds after `exp` for which a used id is kept: no copy's clock may still take the assertion for a live one."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What runs elsewhere: the registry and what is known of it, the stores, the audit trail."""

    registry_calls: ServiceClient
    registry: KeyRegistryClient
    database: Database
    redis: PipelinedRedis
    audit: AuditTrail
    api_clients: CachedLookup[str, ApiClient]
    key_pairs: CachedLookup[str, KeyPair]
    stopped: StoppedSet
    signing_key_changes: SigningKeyChanges
    following: Following


@dataclass(frozen=True, slots=True)
class Keys:
    ring: KeyRing
    maker: KeyMaker
    pool: SigningPool


async def build_app(settings: Settings, *, clock: Clock | None = None) -> web.Application:
    clock = clock or SystemClock()
    metrics = CollectorRegistry()
    outside = connect(settings, metrics, clock)
    keys = open_keys(settings, outside, clock)
    care = KeyCare(keys.ring, keys.maker, outside.audit)
    used = PostgresUsedAssertions(outside.database)

    async def tidy() -> None:
        await used.forget(clock.now() - FORGET_AFTER)
        await keys.maker.remove_gone(token_lifetime=settings.token_lifetime)

    addresses = ClientAddress.from_file(settings.service_jwks_file, callee=NAME, clock=clock)
    health = FollowingHealth(NAME, outside.following.follower)
    health.add("postgresql", outside.database.ping)
    health.add("signing_key", keys.ring.check)
    health.add("redis", outside.redis.ping, required=False)
    return service_app(
        NAME,
        build_endpoints(settings, outside, keys, used, addresses, metrics, clock),
        health=health,
        metrics=metrics,
        addresses=addresses,
        resources=(
            outside.registry_calls,
            outside.database,
            outside.redis,
            outside.audit,
            outside.following,
            keys.pool,
            PeriodicTask(
                "signing_keys",
                care.look,
                interval=KEY_RING_INTERVAL,
                wake=outside.signing_key_changes.happened,
            ),
            PeriodicTask("pruning", tidy, interval=TIDYING_INTERVAL),
        ),
        security_schemes=SECURITY_SCHEMES,
        description="OAuth 2.0 access tokens for API clients and key pairs.",
    )


def connect(settings: Settings, metrics: CollectorRegistry, clock: Clock) -> Outside:
    registry_calls = registry_client(settings, clock)
    registry = KeyRegistryClient(registry_calls)
    api_clients: CachedLookup[str, ApiClient] = CachedLookup(registry.api_client)
    key_pairs: CachedLookup[str, KeyPair] = CachedLookup(registry.key_pair)
    stopped, signing_key_changes = StoppedSet(clock), SigningKeyChanges()
    consumers = (api_clients, key_pairs, stopped, signing_key_changes)
    following = follow(NAME, registry, consumers, settings, clock=clock, metrics=metrics)
    api_clients.attach(following.follower)
    key_pairs.attach(following.follower)
    return Outside(
        registry_calls,
        registry,
        open_database(settings),
        PipelinedRedis(settings.redis_dsn, timeout=settings.redis_timeout),
        AuditTrail(registry, service=NAME, clock=clock),
        api_clients,
        key_pairs,
        stopped,
        signing_key_changes,
        following,
    )


def registry_client(settings: Settings, clock: Clock) -> ServiceClient:
    identity = ServiceIdentity.from_file(NAME, settings.service_key_file, clock)
    return ServiceClient(settings.key_registry_url, authorization=identity.authorization_for("key_registry"))


def open_database(settings: Settings) -> Database:
    return Database(
        settings.database_dsn, schema=NAME, size=settings.database_pool_size, timeout=settings.store_timeout
    )


def open_keys(settings: Settings, outside: Outside, clock: Clock) -> Keys:
    store = PostgresSigningKeys(outside.database)
    ring = KeyRing(store, settings.master_key, outside.stopped, clock, token_lifetime=settings.token_lifetime)
    return Keys(ring, key_maker(settings, store, clock), SigningPool())


def key_maker(settings: Settings, store: SigningKeyStore, clock: Clock) -> KeyMaker:
    return KeyMaker(store, settings.master_key, clock, algorithm=settings.signing_algorithm, bits=settings.key_bits)


def build_endpoints(
    settings: Settings,
    outside: Outside,
    keys: Keys,
    used: UsedAssertions,
    addresses: ClientAddress,
    metrics: CollectorRegistry,
    clock: Clock,
) -> list[Endpoint]:
    """The rules, and over them the endpoints."""
    evened = EvenedTime(clock)
    assertions = AssertionVerifier(outside.key_pairs.get, used, evened, clock)
    guesses = GuessLimiter(RedisWrongSecrets(outside.redis), MemoryWrongSecrets(), clock)
    own = own_urls(settings.issuer)
    authenticator = ClientAuthenticator(outside.api_clients.get, assertions, guesses, evened, audiences=own)
    grants: dict[str, Grant] = {
        client_credentials.GRANT_TYPE: client_credentials.ClientCredentials(),
        jwt_bearer.GRANT_TYPE: jwt_bearer.JwtBearer(assertions, audiences=own | set(settings.assertion_audiences)),
    }
    issuer = TokenIssuer(
        keys.ring,
        keys.pool,
        outside.audit,
        clock,
        issuer=settings.issuer,
        audience=settings.audience,
        lifetime=settings.token_lifetime,
    )
    tokens = IssuedTokens(keys.ring, clock, issuer=settings.issuer)
    introspector = Introspector(tokens, outside.stopped, outside.following.follower.require_fresh)
    revoker = TokenRevoker(tokens, outside.registry, outside.audit)

    counts = IssuerMetrics(metrics)
    refusals = Refusals(outside.audit, counts.refused)
    return endpoints(
        [
            TokenEndpoint(profile, grants, authenticator, issuer, addresses, refusals, counts)
            for profile in PROFILES
        ],
        TokenCare(authenticator, introspector, revoker, addresses, refusals),
        Documents(keys.ring, metadata(settings.issuer)),
    )
