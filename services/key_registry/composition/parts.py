"""What the endpoints and the tasks are made of, put together."""

from prometheus_client import CollectorRegistry

from services.key_registry.access.control import AccessControl
from services.key_registry.admin.bootstrap import AdminTokens, OwnerRegistration
from services.key_registry.admin.creation import factories
from services.key_registry.admin.key_generation import KeyGenerator
from services.key_registry.admin.objects import ObjectService
from services.key_registry.admin.receipts import Receipts
from services.key_registry.admin.revocations import Revocations
from services.key_registry.admin.rotation import RotationService
from services.key_registry.admin.search.search import Search
from services.key_registry.catalog.resources import RESOURCES
from services.key_registry.changes.consumers import Consumers
from services.key_registry.changes.feed import Feed
from services.key_registry.composition.audit_trail import AuditParts
from services.key_registry.composition.leaks import found_over, leaks_over
from services.key_registry.composition.notices import Notices
from services.key_registry.composition.operations import operation_handlers
from services.key_registry.composition.people import People
from services.key_registry.composition.stores import Stores
from services.key_registry.composition.usage import UsageParts
from services.key_registry.config import Settings
from services.key_registry.events.quota_notices import QuotaNotices
from services.key_registry.housekeeping.expired_rows import Housekeeping
from services.key_registry.housekeeping.quiet_secrets import QuietSecrets
from services.key_registry.housekeeping.retirements import retirements
from services.key_registry.http import endpoints
from services.key_registry.http.decisions import DecisionEndpoints
from services.key_registry.http.internal import InternalEndpoints
from services.key_registry.http.objects import ResourceEndpoints
from services.key_registry.http.receipts import ReceiptEndpoint
from services.key_registry.http.report_only import ReportOnlyEndpoint
from services.key_registry.http.revocations import RevocationEndpoints
from services.key_registry.http.rotation import RotationEndpoints
from services.key_registry.http.search import SearchEndpoint
from services.key_registry.http.signing_keys import SigningKeyEndpoint
from services.key_registry.lookups import Lookups
from services.key_registry.operations.signing_keys.keys import SigningKeys
from services.key_registry.refused_calls.refusal_traces.keeper import TraceKeeper
from services.key_registry.refused_calls.refusal_traces.reader import TraceReader
from services.key_registry.refused_calls.report_only.beginnings import Beginnings
from services.key_registry.refused_calls.report_only.keeper import ReportOnlyKeeper
from services.key_registry.refused_calls.report_only.trials import Trials
from services.key_registry.storage.postgres.clock import NAME as DATABASE_CLOCK
from services.key_registry.storage.postgres.clock import DatabaseClock, clock_observation
from services.key_registry.storage.postgres.credentials import PostgresCredentials
from services.key_registry.storage.postgres.refusal_traces import PostgresRefusalTraces
from services.key_registry.storage.postgres.report_only import PostgresReportOnly
from services.key_registry.storage.postgres.signing_keys import PostgresSigningKeyReports
from shared.clock import Clock
from shared.clock_offset import ClockOffsets, JudgingClock
from shared.http.app import Resource
from shared.http.endpoints import Endpoint
from shared.http.health import CLOCK, POSTGRESQL, VALKEY, Health
from shared.service_tokens import ServiceAuthenticator


class Parts:
    """What several endpoints or tasks share; what one alone needs is made beside it."""

    def __init__(self, settings: Settings, clock: Clock, *, name: str) -> None:
        self.name, self.settings, self.clock, self.metrics = name, settings, clock, CollectorRegistry()
        self.offsets = ClockOffsets(clock, reference=DATABASE_CLOCK, metrics=self.metrics)
        self.stores = stores = Stores(settings, clock)
        database, self.store = stores.database, stores.objects
        self.audit = AuditParts(settings, stores, clock, self.metrics, name=name)
        self.usage = UsageParts(settings, database, clock, self.metrics)
        trail = self.audit.trail
        self.access = AccessControl(self.store, trail, clock, self.usage.own)
        self.people = People(settings, database, stores.redis, self.store, self.access, trail, clock, name=name)
        self.notices = self._notices()
        self.generator = KeyGenerator()
        self.consumers = Consumers(stores.consumers, clock)
        self.receipts = Receipts(stores.changes, self.store, self.consumers, self.access)
        self.revocations = Revocations(self.store, self.access, clock)
        self.traces = PostgresRefusalTraces(database)
        kept = settings.refusal_traces_max_bytes
        self.trace_keeper = TraceKeeper(self.traces, clock, max_bytes=kept, metrics=self.metrics)
        self.report_only = ReportOnlyKeeper(PostgresReportOnly(database), self.store, self.access, self.usage.store)
        reported_keys = PostgresSigningKeyReports(database, stores.patient)
        self.signing_keys = SigningKeys(reported_keys, self.consumers, self.access)
        self.found = found_over(stores, self.audit.lines, reported_keys, self.revocations, clock)
        self.first_owner = OwnerRegistration(AdminTokens(self.store, clock), settings.first_owner_token)

    def _notices(self) -> Notices:
        return Notices(
            self.settings,
            database=self.stores.database,
            store=self.store,
            access=self.access,
            authentication=self.people.authentication,
            clock=self.clock,
            metrics=self.metrics,
            event_written=self.stores.event_written,
        )

    def health(self) -> Health:
        stores, health = self.stores, Health(self.name)
        health.add(POSTGRESQL, stores.objects.check)
        health.add(VALKEY, stores.redis.check_writes, required=False)
        health.add("change_relay", stores.relay.check, required=False)
        health.add("history", stores.history.guard.check, details=stores.history.check.details)
        health.add("history_copies", stores.history.copies.check, required=False)
        health.add(CLOCK, self.offsets.check)
        health.add("first_owner", self.first_owner.check)
        return health

    def table(self, health: Health) -> list[Endpoint]:
        store, access, authentication = self.store, self.access, self.people.authentication
        stores, audit, clock = self.stores, self.audit, self.clock
        resources, rotations = self._objects()
        github_keys = self.settings.github_secret_scanning_keys
        leaks = leaks_over(self.found, access, store, authentication, audit.trail, clock, keys_from=github_keys)
        usage, credential_usage, impact = self.usage.endpoints(store, access, authentication)
        operations = operation_handlers(
            stores=stores,
            consumers=self.consumers,
            checkpoints=audit.checkpoints,
            verification=audit.verification,
            health=health,
            access=access,
            authentication=authentication,
            clock=clock,
        )
        return endpoints(
            resources=resources,
            rotations=rotations,
            audit=audit.endpoint(access, authentication),
            receipts=ReceiptEndpoint(self.receipts, authentication),
            revocations=RevocationEndpoints(self.revocations, authentication),
            decisions=DecisionEndpoints(TraceReader(self.traces, store, access), authentication),
            signing_keys=SigningKeyEndpoint(self.signing_keys, authentication),
            events=self.notices.events,
            webhooks=self.notices.webhooks,
            people=self.people.handlers,
            report_only=ReportOnlyEndpoint(self.report_only, authentication),
            leaks=leaks,
            usage=usage,
            credential_usage=credential_usage,
            impact=impact,
            search=SearchEndpoint(Search(store, clock), authentication),
            operations=operations,
            internal=self._internal(),
        )

    def _objects(self) -> tuple[list[ResourceEndpoints], list[RotationEndpoints]]:
        """What there is, and those whose secret is rotated."""
        store, access, clock, authentication = self.store, self.access, self.clock, self.people.authentication
        trials = Trials(store, access, Beginnings(self.audit.lines), clock)
        objects = ObjectService(store, access, factories(self.generator), clock)
        rotation = RotationService(store, access, clock)
        return (
            [ResourceEndpoints(r, objects, authentication, trials) for r in RESOURCES.values()],
            [RotationEndpoints(r, rotation, authentication) for r in RESOURCES.values() if r.secret is not None],
        )

    def _internal(self) -> InternalEndpoints:
        stores, clock, keys = self.stores, self.clock, self.settings.service_jwks_file
        refused = self.audit.trail.count_service_refusal
        return InternalEndpoints(
            lookups=Lookups(PostgresCredentials(stores.database, stores.history.guard)),
            feed=Feed(stores.changes, JudgingClock(clock, self.offsets)),
            consumers=self.consumers,
            revocations=self.revocations,
            audit_log=self.audit.log,
            signing_keys=self.signing_keys,
            authenticator=ServiceAuthenticator.from_file(keys, callee=self.name, clock=clock, on_refusal=refused),
            traces=self.trace_keeper,
            report_only=self.report_only,
            found=self.found,
            usage=self.usage.keeper,
            quota_notices=QuotaNotices(self.store),
        )

    def resources(self) -> list[Resource]:
        """In the order in which they start."""
        stores, clock = self.stores, self.clock
        prunings = [self.notices.prune, self.usage.prune, self.people.prune]
        return [
            *stores.resources,
            self.audit.trail,
            *self.usage.resources,
            self.generator,
            self.trace_keeper,
            self.report_only,
            self.first_owner,
            *self.people.resources,
            Housekeeping(stores.changes, stores.consumers, DatabaseClock(stores.database), prunings),
            retirements(self.store, clock),
            QuietSecrets(self.store, clock).task,
            *self.notices.resources,
            clock_observation(stores.database, self.offsets),
            *self.audit.tasks,
        ]
