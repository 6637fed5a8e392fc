"""What the operator counts of its own."""

from prometheus_client import CollectorRegistry

from services.operator_validator.validation import Cause
from shared.metrics import ReadCounter


class OperatorMetrics:
    """Every series exists from the start, so that a rate is known before the first event."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._checks: dict[str, float] = dict.fromkeys(("valid", *Cause), 0)
        ReadCounter(
            registry,
            "api_token_checks",
            "API tokens checked, by outcome.",
            lambda: self._checks,
            label="outcome",
        )

    def checked(self, cause: Cause | None) -> None:
        """`cause` is None when the token is valid."""
        self._checks[cause or "valid"] += 1
