"""The token issuer, put together."""

from functools import partial

from aiohttp import web
from prometheus_client import CollectorRegistry

from services.token_issuer import pruning
from services.token_issuer.composition.dependencies import connect
from services.token_issuer.composition.parts import Parts
from services.token_issuer.config import NAME, Settings
from services.token_issuer.http import SECURITY_SCHEMES
from services.token_issuer.metrics import IssuerMetrics, SigningKeyMetrics
from services.token_issuer.signing import key_steps, open_keys
from services.token_issuer.storage.postgres import SCHEMA
from services.token_issuer.storage.postgres.signing_keys import PostgresSigningKeys
from services.token_issuer.storage.postgres.used_assertions import PostgresUsedAssertions
from shared.background_task import PeriodicTask
from shared.changes.observed_follower import FollowingHealth
from shared.clock import Clock, SystemClock
from shared.clock_offset import ClockOffsets, JudgingClock
from shared.error_pages.pages import OWN_PATH, error_types
from shared.http.app import service_app
from shared.http.client_address import ProvenClientAddresses
from shared.http.health import POSTGRESQL, VALKEY
from shared.refusal_traces.service_refusals import ServiceRefusals

KEY_MAINTENANCE_INTERVAL_S = 2.0
PRUNE_INTERVAL_S = 60.0


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
    parts = Parts(
        settings, dependencies, keys, used=used, addresses=addresses, counts=IssuerMetrics(metrics), clock=judging
    )
    health = FollowingHealth(NAME, dependencies.following.follower, offsets)
    health.add(POSTGRESQL, partial(SCHEMA.require_current, dependencies.database))
    health.add("signing_key", keys.ring.check)
    health.add("signing_key_rotation", keys.maintenance.check_rotation, required=False)
    health.add(VALKEY, dependencies.redis.check_writes, required=False)
    return service_app(
        NAME,
        parts.table(),
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
