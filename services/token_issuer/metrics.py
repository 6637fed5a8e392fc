"""What the issuer counts, beside what every service does."""

from prometheus_client import CollectorRegistry, Counter

from services.token_issuer.oauth_errors import oauth_code
from shared.errors import ServiceError


class IssuerMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._issued = Counter("tokens_issued", "Access tokens issued.", ("grant",), registry=registry)
        self._refused = Counter(
            "token_requests_refused", "Requests refused, by OAuth error code.", ("error",), registry=registry
        )

    def issued(self, grant: str) -> None:
        self._issued.labels(grant.rpartition(":")[2]).inc()

    def refused(self, error: ServiceError) -> None:
        self._refused.labels(oauth_code(error)).inc()
