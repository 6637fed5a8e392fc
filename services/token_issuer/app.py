"""The token issuer, put together."""

from dataclasses import dataclass
from functools import partial

from aiohttp import web
from prometheus_client import CollectorRegistry

from services.token_issuer.assertions import LEEWAY, AssertionVerifier
from services.token_issuer.client_authentication import ClientAuthenticator
from services.token_issuer.config import Settings
from services.token_issuer.evening import EvenedTime
from services.token_issuer.grants import Grant, client_credentials, jwt_bearer
from services.token_issuer.guessing import GuessLimiter
from services.token_issuer.http import SECURITY_SCHEMES, endpoints
from services.token_issuer.http.documents import Documents
from services.token_issuer.http.metrics import IssuerMetrics
from services.token_issuer.http.reading import ClientAddress
from services.token_issuer.http.token import PROFILES, TokenEndpoint
from services.token_issuer.http.token_care import TokenCare
from services.token_issuer.introspection import Introspector, IssuedTokens
from services.token_issuer.issuing import TokenIssuer
from services.token_issuer.key_making import KeyMaker
from services.token_issuer.key_ring import KeyRing
from services.token_issuer.metadata import metadata, own_urls
from services.token_issuer.refusals import Refusals
from services.token_issuer.revoking import TokenRevoker
from services.token_issuer.signing import SigningPool
from services.token_issuer.signing_keys import SigningKeyStore
from services.token_issuer.stopped import Stopped
from services.token_issuer.storage.memory import MemoryWrongSecrets
from services.token_issuer.storage.postgres import PostgresSigningKeys, PostgresUsedAssertions
from services.token_issuer.storage.redis import RedisWrongSecrets
from services.token_issuer.upkeep import Upkeep
from shared.audit import AuditTrail
from shared.changes import ChangeFollower
from shared.clock import Clock, SystemClock
from shared.contracts.key_registry import ApiClient, KeyPair, KeyRegistryClient
from shared.http.app import service_app
from shared.http.client import ServiceClient
from shared.http.health import Health
from shared.lookups import CachedLookup
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
class Followed:
    """What is known of the registry, for as long as it stays true."""

    api_clients: CachedLookup[str, ApiClient]
    key_pairs: CachedLookup[str, KeyPair]
    stopped: Stopped
    follower: ChangeFollower


async def build_app(settings: Settings, *, clock: Clock | None = None) -> web.Application:
    clock = clock or SystemClock()
    registry_calls = registry_client(settings, clock)
    registry = KeyRegistryClient(registry_calls)
    database = open_database(settings)
    redis = PipelinedRedis(settings.redis_dsn, timeout=settings.redis_timeout)
    audit = AuditTrail(registry, service=NAME, clock=clock)
    followed = follow(registry, settings, clock)

    keys, used = PostgresSigningKeys(database), PostgresUsedAssertions(database)
    maker = key_maker(settings, keys, clock)
    ring = KeyRing(keys, settings.master_key, followed.stopped, clock, token_lifetime=settings.token_lifetime)
    pool = SigningPool()
    tokens = IssuedTokens(ring, clock, issuer=settings.issuer)

    evened = EvenedTime(clock)
    assertions = AssertionVerifier(followed.key_pairs.get, used, evened, clock)
    authenticator = ClientAuthenticator(
        followed.api_clients.get,
        assertions,
        GuessLimiter(RedisWrongSecrets(redis), MemoryWrongSecrets(), clock),
        evened,
        audiences=own_urls(settings.issuer),
    )

    metrics = CollectorRegistry()
    counts = IssuerMetrics(metrics)
    addresses, refusals = ClientAddress(settings.trusted_proxies), Refusals(audit, counts.refused)
    introspector = Introspector(tokens, followed.stopped, followed.follower.require_fresh)
    care = TokenCare(authenticator, introspector, TokenRevoker(tokens, registry, audit), addresses, refusals)
    make = partial(
        TokenEndpoint,
        grants=grants(settings, assertions),
        authenticator=authenticator,
        issuer=token_issuer(settings, ring, pool, audit, clock),
        addresses=addresses,
        refusals=refusals,
        count_issued=counts.issued,
    )

    async def tidy() -> None:
        followed.stopped.forget(clock.now())
        await used.forget(clock.now() - FORGET_AFTER)
        await maker.remove_gone(token_lifetime=settings.token_lifetime)

    health = Health(NAME)
    health.add("key_registry", followed.follower.check)
    health.add("postgresql", database.ping)
    health.add("signing_key", ring.check)
    health.add("redis", redis.ping, required=False)
    return service_app(
        NAME,
        endpoints(
            [(profile, make(profile)) for profile in PROFILES], care, Documents(ring, metadata(settings.issuer))
        ),
        health=health,
        metrics=metrics,
        resources=(
            registry_calls,
            database,
            redis,
            pool,
            audit,
            followed.follower,
            Upkeep("signing keys", partial(follow_keys, ring, maker), interval=KEY_RING_INTERVAL),
            Upkeep("tidying", tidy, interval=TIDYING_INTERVAL),
        ),
        security_schemes=SECURITY_SCHEMES,
        description="OAuth 2.0 access tokens for API clients and key pairs.",
    )


def registry_client(settings: Settings, clock: Clock) -> ServiceClient:
    identity = ServiceIdentity.from_file(NAME, settings.service_key_file, clock)
    return ServiceClient(settings.key_registry_url, authorization=identity.authorization_for("key_registry"))


def open_database(settings: Settings) -> Database:
    return Database(
        settings.database_dsn, schema=NAME, size=settings.database_pool_size, timeout=settings.store_timeout
    )


def follow(registry: KeyRegistryClient, settings: Settings, clock: Clock) -> Followed:
    api_clients: CachedLookup[str, ApiClient] = CachedLookup(registry.api_client)
    key_pairs: CachedLookup[str, KeyPair] = CachedLookup(registry.key_pair)
    stopped = Stopped()
    follower = ChangeFollower(
        registry,
        (api_clients, key_pairs, stopped),
        clock=clock,
        interval=settings.changes_poll_interval,
        bound=settings.staleness_bound,
    )
    api_clients.attach(follower)
    key_pairs.attach(follower)
    return Followed(api_clients, key_pairs, stopped, follower)


def key_maker(settings: Settings, keys: SigningKeyStore, clock: Clock) -> KeyMaker:
    return KeyMaker(keys, settings.master_key, clock, algorithm=settings.signing_algorithm, bits=settings.key_bits)


def token_issuer(
    settings: Settings, ring: KeyRing, pool: SigningPool, audit: AuditTrail, clock: Clock
) -> TokenIssuer:
    return TokenIssuer(
        ring,
        pool,
        audit,
        clock,
        issuer=settings.issuer,
        audience=settings.audience,
        lifetime=settings.token_lifetime,
    )


def grants(settings: Settings, assertions: AssertionVerifier) -> dict[str, Grant]:
    audiences = own_urls(settings.issuer) | set(settings.assertion_audiences)
    return {
        client_credentials.GRANT_TYPE: client_credentials.ClientCredentials(),
        jwt_bearer.GRANT_TYPE: jwt_bearer.JwtBearer(assertions, audiences=audiences),
    }


async def follow_keys(ring: KeyRing, maker: KeyMaker) -> None:
    """Look at the keys; where there is none yet, make the first."""
    await ring.reload()
    if ring.empty:
        await maker.ensure_first()
        await ring.reload()
