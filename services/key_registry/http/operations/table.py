"""The endpoints of what operators watch."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from services.key_registry.http.operations.expiries import ExpiryEndpoints, expiry_endpoints
from services.key_registry.http.operations.overview import OverviewEndpoints, overview_endpoints
from services.key_registry.http.operations.verification import VerificationEndpoint, verification_endpoint
from shared.http.endpoints import Endpoint


@dataclass(frozen=True, slots=True)
class OperationHandlers:
    overview: OverviewEndpoints
    verification: VerificationEndpoint
    expiries: ExpiryEndpoints


def operation_endpoints(handlers: OperationHandlers, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    return [
        *overview_endpoints(handlers.overview, admin),
        verification_endpoint(handlers.verification, admin),
        *expiry_endpoints(handlers.expiries, admin),
    ]
