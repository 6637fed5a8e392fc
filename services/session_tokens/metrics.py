"""What the session token service counts of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.session_tokens.wrong_token import Cause, WrongToken
from shared.metrics import ReadCounter


class TokenMetrics:
    """Every series exists from the start, so that a rate is known before the first event."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.created = self.resolved = 0
        ReadCounter(registry, "session_tokens_created", "Session tokens created.", lambda: self.created)
        ReadCounter(
            registry,
            "session_tokens_resolved",
            "Session tokens resolved, at /verify or by the gateway.",
            lambda: self.resolved,
        )
        refused = Counter(
            "session_tokens_refused_total", "Access keys and session tokens refused.", ("cause",), registry=registry
        )
        self.outbox_events = Gauge(
            "audit_outbox_events", "Audit events that the key registry does not have yet.", registry=registry
        )
        self._refused = {cause: refused.labels(cause.value) for cause in Cause}

    def refused(self, error: WrongToken) -> None:
        self._refused[error.cause].inc()
