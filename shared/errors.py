"""The errors that cross a service's layers.

`description` is for the caller and may be sent to a stranger; `detail` is for our log alone.
`shared.http.responses` maps each class to its status, in one table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self


class ServiceError(Exception):
    """Base of every refusal that a caller may see.

    `code` is a stable word for machines; subclasses may narrow it.
    """

    code = "error"
    cause: str = ""
    """One word for our log, audit trail and traces, where it says more than `code`; never sent to a stranger."""
    uniform = False
    """Whether `description` is the same whatever the cause, so that it says nothing of it."""

    def __init__(self, description: str, *, detail: str = "", cause: str = "") -> None:
        super().__init__(description)
        self.description = description
        self.detail = detail
        self.cause = cause


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with the input: `field` in the caller's own words, `message` with the limit."""

    field: str
    message: str


class Invalid(ServiceError):
    """The input is wrong; `errors` names every field that is."""

    code = "invalid_request"

    def __init__(
        self, description: str, *, errors: Sequence[FieldError] = (), detail: str = "", cause: str = ""
    ) -> None:
        super().__init__(description, detail=detail, cause=cause)
        self.errors = tuple(errors)

    @classmethod
    def field(cls, field: str, message: str) -> Self:
        return cls(f"{field} {message}", errors=[FieldError(field, message)])


class Unprocessable(Invalid):
    """Well-formed JSON whose members are wrong (422): the admin API's word for `Invalid`."""

    code = "validation_failed"


class TooLarge(ServiceError):
    code = "too_large"


class UnsupportedMediaType(ServiceError):
    code = "unsupported_media_type"


class Unauthenticated(ServiceError):
    """No credential, or an invalid one. Never says which part was wrong."""

    code = "unauthenticated"


class Forbidden(ServiceError):
    code = "forbidden"


class NotFound(ServiceError):
    """Absent, or not the caller's to see: the two look alike."""

    code = "not_found"


class MethodNotAllowed(ServiceError):
    code = "method_not_allowed"

    def __init__(self, description: str, *, allow: Sequence[str]) -> None:
        super().__init__(description)
        self.allow = tuple(allow)


class Conflict(ServiceError):
    code = "conflict"


class TooManyRequests(ServiceError):
    code = "too_many_requests"
    fields: Mapping[str, str] = MappingProxyType({})
    """Further fields of the response."""

    def __init__(self, description: str, *, retry_after: int, detail: str = "", cause: str = "") -> None:
        super().__init__(description, detail=detail, cause=cause)
        self.retry_after = retry_after
        """Seconds."""


class Unavailable(ServiceError):
    """The result cannot be known now, as without a store or a service: 503 with `Retry-After`, never a guess."""

    code = "unavailable"

    def __init__(
        self, description: str = "temporarily unavailable", *, retry_after: int = 1, detail: str = ""
    ) -> None:
        super().__init__(description, detail=detail)
        self.retry_after = retry_after
        """Seconds."""


class CallRejected(Unavailable):
    """Another service rejected a call for what the call itself says (400, 413, 422, ...).

    To whoever called us it is as `Unavailable`; but the same call sent again would be rejected again.
    """
