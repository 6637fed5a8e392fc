"""What operators watch, put together."""

from collections.abc import Sequence

from services.key_registry.access.control import AccessControl
from services.key_registry.audit_trail.partial_verification import PartialVerification
from services.key_registry.audit_trail.ports import Checkpoints
from services.key_registry.changes.consumers import Consumers
from services.key_registry.composition.stores import Stores
from services.key_registry.history.ports import Restore
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.operations.expiries import ExpiryEndpoints
from services.key_registry.http.operations.overview import OverviewEndpoints
from services.key_registry.http.operations.table import OperationHandlers
from services.key_registry.http.operations.verification import VerificationEndpoint
from services.key_registry.operations.expiries import Expiries
from services.key_registry.operations.overview import Overview
from services.key_registry.operations.ports import CopyProgress
from services.key_registry.operations.system import System
from services.key_registry.storage.postgres.operations.expiries import PostgresExpiries
from services.key_registry.storage.postgres.operations.progress import PostgresOperations
from shared.clock import Clock
from shared.http.health import Health


def operation_handlers(
    *,
    stores: Stores,
    consumers: Consumers,
    checkpoints: Checkpoints,
    verification: PartialVerification,
    health: Health,
    access: AccessControl,
    authentication: Authentication,
    clock: Clock,
) -> OperationHandlers:
    operations, history = PostgresOperations(stores.database), stores.history

    def copies() -> Sequence[CopyProgress]:
        return [
            CopyProgress(state.copy.name, state.up, None if state.reached is None else state.reached.seq)
            for state in history.copies.states
        ]

    def restored() -> Restore | None:
        return history.check.newest

    overview = Overview(operations, stores.objects, consumers, access, clock)
    system = System(
        operations,
        consumers,
        checkpoints,
        dependencies=health.states,
        copies=copies,
        restored=restored,
        access=access,
        clock=clock,
    )
    return OperationHandlers(
        OverviewEndpoints(overview, system, authentication),
        VerificationEndpoint(verification, access, authentication),
        ExpiryEndpoints(Expiries(PostgresExpiries(stores.database), stores.objects, access, clock), authentication),
    )
