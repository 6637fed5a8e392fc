"""What the operator counts of its own."""

from prometheus_client import CollectorRegistry, Counter

from services.operator_validator.validation import Cause


class OperatorMetrics:
    """Every series exists from the start, so that a rate is known before the first event."""

    def __init__(self, registry: CollectorRegistry) -> None:
        checks = Counter(
            "api_token_checks_total", "API tokens checked, by outcome.", ("outcome",), registry=registry
        )
        self._checks = {cause: checks.labels(cause or "valid") for cause in (None, *Cause)}

    def checked(self, cause: Cause | None) -> None:
        """`cause` is None when the token is valid."""
        self._checks[cause].inc()
