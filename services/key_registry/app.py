"""The key registry, put together."""

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge

from services.key_registry.admins import Admins
from services.key_registry.config import Settings
from services.key_registry.consumers import Consumers
from services.key_registry.feed import Feed
from services.key_registry.housekeeping import Housekeeping
from services.key_registry.http.admin import ResourceEndpoints
from services.key_registry.http.audit import AuditEndpoint
from services.key_registry.http.authentication import SECURITY_SCHEMES, Authentication
from services.key_registry.http.internal import InternalEndpoints
from services.key_registry.http.receipts import ReceiptEndpoint
from services.key_registry.http.revocations import RevocationEndpoints
from services.key_registry.key_generation import KeyGenerator
from services.key_registry.lookups import Lookups
from services.key_registry.making import makers
from services.key_registry.owners import FirstOwner, Owners
from services.key_registry.reading_audit import AuditReader
from services.key_registry.receipts import Receipts
from services.key_registry.recording import AuditLog
from services.key_registry.registry import Registry
from services.key_registry.relay import Relay
from services.key_registry.resources import RESOURCES
from services.key_registry.revocations import Revocations
from services.key_registry.storage.postgres import SCHEMA
from services.key_registry.storage.postgres.audit_lines import PostgresAuditLines
from services.key_registry.storage.postgres.changes import PostgresChanges
from services.key_registry.storage.postgres.consumers import PostgresConsumers
from services.key_registry.storage.postgres.credentials import PostgresCredentials
from services.key_registry.storage.postgres.store import PostgresStore
from shared.audit import AuditTrail
from shared.change_stream import ChangeStreamWriter
from shared.clock import Clock, SystemClock
from shared.http.app import service_app
from shared.http.endpoints import Endpoint
from shared.http.health import Health
from shared.postgres.pool import Database
from shared.redis import PipelinedRedis
from shared.service_tokens import ServiceAuthenticator

NAME = "key_registry"
DESCRIPTION = """\
Companies, applications, bookings, credentials and the audit trail.

Viewers read; editors also make, change, suspend, resume, revoke and delete all but admin tokens; owners do all.
A token bound to a company sees that company's objects alone: everything else is 404. It grants no scope that the
company has not booked, and only reads the company itself and its bookings.

Secrets are shown once, in the answer to the create. Revoked is final. A credential can be deleted once it is
revoked; a company, an application or a booking when nothing refers to it.

Whatever is made, changed, stopped or deleted names its receipt in `Passgate-Receipt`: `/receipts/{id}` tells which
processes have applied it. What was so already names the receipt of the change that made it so.
"""


async def build_app(settings: Settings, *, clock: Clock | None = None) -> web.Application:
    clock = clock or SystemClock()
    database = Database(
        settings.database_dsn, schema=SCHEMA, size=settings.database_pool_size, timeout=settings.store_timeout
    )
    changes, redis = PostgresChanges(database), PipelinedRedis(settings.redis_dsn, timeout=settings.redis_timeout)
    positions = PostgresConsumers(database)
    relay = Relay(changes, ChangeStreamWriter(redis))
    store = PostgresStore(database, timeout=settings.store_timeout, on_change=relay.wake)
    audit_log = AuditLog(store)
    trail = AuditTrail(audit_log, service=NAME, clock=clock)
    admins = Admins(store, trail)
    generator = KeyGenerator()
    registry = Registry(store, admins, makers(generator), clock)
    authentication = Authentication(admins)
    consumers = Consumers(positions, clock)
    receipts = Receipts(changes, consumers, admins)
    revocations = Revocations(store, admins, clock)
    internal = InternalEndpoints(
        Lookups(PostgresCredentials(database)),
        Feed(changes, clock),
        consumers,
        revocations,
        audit_log,
        ServiceAuthenticator.from_file(settings.service_jwks_file, callee=NAME, clock=clock),
    )
    endpoints: list[Endpoint] = []
    for resource in RESOURCES.values():
        endpoints += ResourceEndpoints(resource, registry, authentication).endpoints()
    endpoints += AuditEndpoint(AuditReader(PostgresAuditLines(database), admins), authentication).endpoints()
    endpoints += ReceiptEndpoint(receipts, authentication).endpoints()
    endpoints += RevocationEndpoints(revocations, authentication).endpoints()
    endpoints += internal.endpoints()
    metrics = CollectorRegistry()
    dropped = Gauge("audit_events_dropped", "Refusals that found the queue full.", registry=metrics)
    dropped.set_function(lambda: trail.dropped)
    _measure(relay, metrics)
    health = Health(NAME)
    health.add("database", store.check)
    health.add("redis", redis.ping, required=False)
    app = service_app(
        NAME,
        endpoints,
        health=health,
        metrics=metrics,
        resources=[
            database,
            redis,
            relay,
            trail,
            generator,
            FirstOwner(Owners(store, clock), settings.first_owner_token),
            Housekeeping(changes, positions, clock),
        ],
        security_schemes=SECURITY_SCHEMES,
        description=DESCRIPTION,
    )

    async def release(_: web.Application) -> None:
        receipts.release()

    app.on_shutdown.append(release)
    return app


def _measure(relay: Relay, metrics: CollectorRegistry) -> None:
    lag = Gauge("change_relay_lag", "Changes that the stream does not have yet.", registry=metrics)
    lag.set_function(lambda: relay.lag)
    up = Gauge("change_relay_up", "1 while changes are relayed to the stream.", registry=metrics)
    up.set_function(lambda: relay.up)
