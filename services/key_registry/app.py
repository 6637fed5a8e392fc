"""The key registry, put together."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CollectorRegistry

from services.key_registry.admin.access import AccessControl
from services.key_registry.admin.audit_reader import AuditReader
from services.key_registry.admin.bootstrap import AdminTokens, OwnerRegistration
from services.key_registry.admin.creation import factories
from services.key_registry.admin.key_generation import KeyGenerator
from services.key_registry.admin.objects import ObjectService
from services.key_registry.admin.receipts import Receipts
from services.key_registry.admin.recorder import AuditLog
from services.key_registry.admin.revocations import Revocations
from services.key_registry.admin.rotation import RotationService
from services.key_registry.audit_trail.archiving import Archive
from services.key_registry.audit_trail.checkpointing import Checkpointing
from services.key_registry.audit_trail.months import MonthUpkeep
from services.key_registry.audit_trail.partial_verification import PartialVerification
from services.key_registry.catalog.resources import RESOURCES
from services.key_registry.changes.app import Stores
from services.key_registry.changes.consumers import Consumers
from services.key_registry.changes.feed import Feed
from services.key_registry.config import Settings
from services.key_registry.housekeeping import Housekeeping
from services.key_registry.http import SECURITY_SCHEMES, endpoints
from services.key_registry.http.audit import AuditEndpoint
from services.key_registry.http.decisions import DecisionEndpoints
from services.key_registry.http.internal import InternalEndpoints
from services.key_registry.http.leaks import leaks_over
from services.key_registry.http.objects import ResourceEndpoints
from services.key_registry.http.receipts import ReceiptEndpoint
from services.key_registry.http.report_only import ReportOnlyEndpoint
from services.key_registry.http.revocations import RevocationEndpoints
from services.key_registry.http.rotation import RotationEndpoints
from services.key_registry.http.search import SearchEndpoint
from services.key_registry.http.signing_keys import SigningKeyEndpoint
from services.key_registry.leaks.found import Found
from services.key_registry.leaks.found_key_pairs import FoundKeyPairs
from services.key_registry.leaks.found_people_secrets import FoundPeopleSecrets
from services.key_registry.leaks.found_secrets import FoundSecrets
from services.key_registry.leaks.found_session_tokens import FoundSessionTokens
from services.key_registry.leaks.found_tokens import FoundTokens
from services.key_registry.limits.quota_notices import QuotaNotices
from services.key_registry.lookups import Lookups
from services.key_registry.metrics import store_metrics
from services.key_registry.operations.app import operation_handlers
from services.key_registry.people.app import People
from services.key_registry.quiet_secrets import QuietSecrets
from services.key_registry.refusal_traces.keeper import TraceKeeper
from services.key_registry.refusal_traces.reader import TraceReader
from services.key_registry.report_only.keeper import ReportOnlyKeeper
from services.key_registry.report_only.trials import StopTrials
from services.key_registry.retirements import retirements
from services.key_registry.search.search import Search
from services.key_registry.signing_keys.keys import SigningKeys
from services.key_registry.storage.postgres.audit_checkpoints import PostgresCheckpoints
from services.key_registry.storage.postgres.audit_lines import PostgresAuditLines
from services.key_registry.storage.postgres.audit_months import PostgresMonths
from services.key_registry.storage.postgres.clock import NAME as DATABASE_CLOCK
from services.key_registry.storage.postgres.clock import DatabaseClock, clock_observation
from services.key_registry.storage.postgres.credentials import PostgresCredentials
from services.key_registry.storage.postgres.refusal_traces import PostgresRefusalTraces
from services.key_registry.storage.postgres.report_only import PostgresReportOnly
from services.key_registry.storage.postgres.signing_keys import PostgresSigningKeyReports
from services.key_registry.usage.app import UsageParts
from services.key_registry.webhooks.app import Notices
from shared.audit.trail import AuditTrail
from shared.clock import Clock, SystemClock
from shared.clock_offset import ClockOffsets, JudgingClock
from shared.error_pages.pages import OWN_PATH, error_types
from shared.http.app import service_app
from shared.http.health import CLOCK, POSTGRESQL, VALKEY, Health
from shared.postgres.pool import Database
from shared.service_tokens import ServiceAuthenticator

NAME = "key_registry"
DESCRIPTION = """\
Companies, applications, bookings, credentials and the audit trail.

Viewers read; editors also create, change, suspend, resume, revoke and delete all but people and admin tokens;
owners do all, be they admin tokens or people, who sign in with a password (`/sessions`). Whoever is bound to a
company sees its objects alone: everything else is 404. They grant no scope that the company has not booked, and
only read the company itself and its bookings.

Secrets are shown once, in the response to the create. Revoked is final. A credential can be deleted once it is
revoked; a company, an application or a booking when nothing refers to it.

Whatever is created, changed, stopped or deleted names its receipt in `Passgate-Receipt`: `/receipts/{id}` shows
which processes have applied it. What was so already names the receipt of the change that brought it about.
"""


async def build_app(settings: Settings, *, clock: Clock | None = None) -> web.Application:
    clock = clock or SystemClock()
    error_types.lead_to(settings.docs_url or OWN_PATH)
    stores = Stores(settings, clock)
    audit_log = AuditLog(stores.objects)
    metrics = CollectorRegistry()
    offsets = ClockOffsets(clock, reference=DATABASE_CLOCK, metrics=metrics)
    trail = AuditTrail(audit_log, service=NAME, clock=clock, metrics=metrics)
    usage = UsageParts(settings, stores.database, clock, metrics)
    access = AccessControl(stores.objects, trail, clock, usage.own)
    people = People(settings, stores.database, stores.redis, stores.objects, access, trail, clock, name=NAME)
    authentication, generator = people.authentication, KeyGenerator()
    trials = StopTrials(stores.objects, access, clock)
    objects = ObjectService(stores.objects, access, factories(generator), clock)
    rotation = RotationService(stores.objects, access, clock)
    consumers = Consumers(stores.consumers, clock)
    receipts = Receipts(stores.changes, stores.objects, consumers, access)
    revocations = Revocations(stores.objects, access, clock)
    traces = PostgresRefusalTraces(stores.database)
    keeper = TraceKeeper(traces, clock, max_bytes=settings.refusal_traces_max_bytes, metrics=metrics)
    written = stores.event_written
    notices = Notices(settings, stores.database, stores.objects, access, authentication, clock, metrics, written)
    report_only = ReportOnlyKeeper(PostgresReportOnly(stores.database), stores.objects, access)
    reported_keys = PostgresSigningKeyReports(stores.database, stores.patient)
    lines, months = PostgresAuditLines(stores.database), PostgresMonths(stores.database)
    found = Found(
        FoundSecrets(stores.objects, clock),
        FoundKeyPairs(stores.objects, clock),
        FoundSessionTokens(lines, revocations, clock),
        FoundTokens(reported_keys, revocations, clock),
        FoundPeopleSecrets(stores.objects, clock),
    )
    github_keys = settings.github_secret_scanning_keys
    leaks = leaks_over(found, access, stores.objects, authentication, trail, clock, keys_from=github_keys)
    signing_keys = SigningKeys(reported_keys, consumers, access)
    internal = InternalEndpoints(
        Lookups(PostgresCredentials(stores.database, stores.history.guard)),
        Feed(stores.changes, JudgingClock(clock, offsets)),
        consumers,
        revocations,
        audit_log,
        signing_keys,
        ServiceAuthenticator.from_file(
            settings.service_jwks_file, callee=NAME, clock=clock, on_refusal=trail.count_service_refusal
        ),
        keeper,
        report_only,
        found,
        usage.keeper,
        QuotaNotices(stores.objects),
    )
    checkpoints, audit_keys = PostgresCheckpoints(stores.database), settings.audit_keys
    reader = AuditReader(lines, months, checkpoints, stores.objects, access)
    public_keys = None if audit_keys is None else audit_keys.public
    verification = PartialVerification(lines, months, checkpoints, public_keys)
    first_owner = OwnerRegistration(AdminTokens(stores.objects, clock), settings.first_owner_token)
    health = _health(stores, offsets, first_owner)
    table = endpoints(
        [ResourceEndpoints(r, objects, authentication, trials) for r in RESOURCES.values()],
        [RotationEndpoints(r, rotation, authentication) for r in RESOURCES.values() if r.secret is not None],
        AuditEndpoint(reader, authentication, audit_keys),
        ReceiptEndpoint(receipts, authentication),
        RevocationEndpoints(revocations, authentication),
        DecisionEndpoints(TraceReader(traces, stores.objects, access), authentication),
        SigningKeyEndpoint(signing_keys, authentication),
        notices.events,
        notices.webhooks,
        people.handlers,
        ReportOnlyEndpoint(report_only, authentication),
        leaks,
        *usage.endpoints(stores.objects, access, authentication),
        SearchEndpoint(Search(stores.objects, clock), authentication),
        operation_handlers(stores, consumers, checkpoints, verification, health, access, authentication, clock),
        internal,
    )
    database_clock, prunings = DatabaseClock(stores.database), [notices.prune, usage.prune, people.prune]
    archive = archive_of(settings, stores.patient)
    interval = settings.audit_checkpoint_interval
    signing = None if audit_keys is None else Checkpointing(checkpoints, audit_keys, clock, interval=interval)
    app = service_app(
        NAME,
        table,
        health=health,
        addresses=people.addresses,
        now=offsets.time,
        metrics=store_metrics(metrics, stores.relay, stores.history.guard, stores.history.copies),
        resources=[
            *stores.resources,
            trail,
            *usage.resources,
            generator,
            keeper,
            report_only,
            first_owner,
            *people.resources,
            Housekeeping(stores.changes, stores.consumers, database_clock, prunings),
            MonthUpkeep(PostgresMonths(stores.patient), database_clock),
            retirements(stores.objects, clock),
            QuietSecrets(stores.objects, clock).task,
            *notices.resources,
            clock_observation(stores.database, offsets),
            *([] if archive is None else [archive]),
            *([] if signing is None else [signing]),
        ],
        security_schemes=SECURITY_SCHEMES,
        description=DESCRIPTION,
        internal_description="For Passgate's other services alone, which say who they are with a service token.",
    )
    app.on_shutdown.append(lambda _: _at_once(receipts.release))
    return app


def _health(stores: Stores, offsets: ClockOffsets, first_owner: OwnerRegistration) -> Health:
    health = Health(NAME)
    health.add(POSTGRESQL, stores.objects.check)
    health.add(VALKEY, stores.redis.check_writes, required=False)
    health.add("change_relay", stores.relay.check, required=False)
    health.add("history", stores.history.guard.check, details=stores.history.keeping.details)
    health.add("history_copies", stores.history.copies.check, required=False)
    health.add(CLOCK, offsets.check)
    health.add("first_owner", first_owner.check)
    return health


def archive_of(settings: Settings, database: Database) -> Archive | None:
    """Where old months of the audit trail leave for, if anywhere; `database` needs time."""
    folder, keys = settings.audit_archive_dir, settings.audit_keys
    if folder is None or keys is None:
        return None
    return Archive(
        PostgresMonths(database),
        PostgresAuditLines(database),
        PostgresCheckpoints(database),
        keys,
        DatabaseClock(database),
        folder=folder,
        kept=settings.audit_months_kept,
    )


async def _at_once(call: Callable[[], None]) -> None:
    call()
