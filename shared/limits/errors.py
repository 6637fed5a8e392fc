"""The refusal of who authenticates at an endpoint, and is beyond a limit."""

from collections.abc import Mapping

from shared.errors import Forbidden, TooManyRequests
from shared.limits.exceeded import Exceeded


class RateExceeded(TooManyRequests):
    code = "rate_exceeded"

    def __init__(self, exceeded: Exceeded) -> None:
        super().__init__(
            exceeded.description, retry_after=exceeded.retry_after or 1, detail=exceeded.cause, cause=exceeded.cause
        )
        self.fields: Mapping[str, str] = dict(exceeded.fields)
        self.exceeded = exceeded
        self.subject: object = None
        """Who it is, for the audit trail."""


class AddressNotAllowed(Forbidden):
    code = "address_not_allowed"

    def __init__(self, exceeded: Exceeded) -> None:
        super().__init__(exceeded.description, detail=exceeded.cause, cause=exceeded.cause)
        self.exceeded = exceeded
        self.subject: object = None
        """Who it is, for the audit trail."""


BeyondLimit = RateExceeded | AddressNotAllowed


def beyond_limit(exceeded: Exceeded) -> BeyondLimit:
    return AddressNotAllowed(exceeded) if exceeded.retry_after is None else RateExceeded(exceeded)
