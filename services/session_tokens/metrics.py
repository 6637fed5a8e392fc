"""What the session token service counts of its own."""

from types import TracebackType

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.session_tokens.tokens import Cause, WrongToken
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
        self.refusals = _Refusals({cause: refused.labels(cause.value) for cause in Cause})


class _Refusals:
    """`with refusals:` counts a `WrongToken` that leaves the block, by its cause."""

    def __init__(self, counters: dict[Cause, Counter]) -> None:
        self._counters = counters

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, WrongToken):
            self._counters[error.cause].inc()
