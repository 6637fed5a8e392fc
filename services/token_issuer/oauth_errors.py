"""Refusals as OAuth words them: one class for each code that this issuer uses.

`description` may be read by a stranger and repeats nothing of the request; `cause` and `subject` are for log, audit
trail and trace alone.
"""

from dataclasses import dataclass, field

from shared.audit.mismatch import Mismatch, nothing_sent
from shared.audit.stopped import StoppedObject
from shared.contracts.access_token import CredentialKind
from shared.errors import Invalid, ServiceError, TooManyRequests, Unauthenticated, Unavailable
from shared.limits.errors import AddressNotAllowed

AUTHENTICATION_REQUIRED = "client authentication is required"


@dataclass(frozen=True, slots=True)
class Subject:
    """A credential that the registry has: what it is refused for is a line of its own in the audit trail."""

    kind: CredentialKind
    id: str
    """Its public id: the API client's key, or the kid."""
    company_id: str
    version: int = 0
    """Which secret of it was presented; 0: none that is right, or it has none."""
    stopped: StoppedObject | None = field(default=None, compare=False)
    """For what is stopped or has ended."""


class Refusal(ServiceError):
    """A request that was understood and denied.

    The audit trail has a line for each that names a `subject`, within the bounds of `shared.audit.refusals`, and
    counts the others.
    """

    def __init__(
        self,
        description: str,
        *,
        cause: str = "",
        subject: Subject | None = None,
        mismatch: Mismatch | None = None,
    ) -> None:
        super().__init__(description, cause=cause)
        self.subject = subject
        self.mismatch = mismatch
        """What came and what belongs there, where that says more than the cause."""


class InvalidRequest(Invalid):
    """RFC 6749 section 5.2: a parameter is missing, repeated or malformed, or credentials come in two ways."""

    code = "invalid_request"


class InvalidClient(Refusal, Unauthenticated):
    """RFC 6749 section 5.2. Until the client has proved who it is, its wording is the same whatever the cause."""

    code = "invalid_client"


class AuthenticationFailed(InvalidClient):
    """A key or a secret that does not fit: the same bytes for all of them."""

    uniform = True


class NoClient(InvalidClient):
    """Nothing was sent that could prove who the client is."""

    def __init__(self, description: str = AUTHENTICATION_REQUIRED) -> None:
        super().__init__(
            description,
            cause="no_credential",
            mismatch=nothing_sent("the key and the secret of an API client, as Basic credentials"),
        )


class InvalidGrant(Refusal, Invalid):
    """RFC 6749 section 5.2, RFC 7521 section 4.1: the assertion is invalid, and the description says why."""

    code = "invalid_grant"


class InvalidScope(Refusal, Invalid):
    code = "invalid_scope"


class UnsupportedGrantType(Invalid):
    code = "unsupported_grant_type"


class TooManyWrongSecrets(TooManyRequests):
    """Too many wrong secrets from one address for one client."""

    subject = None
    """Refused before the client is looked up."""

    def __init__(self, *, retry_after: int) -> None:
        super().__init__("too many wrong secrets for this client from this address", retry_after=retry_after)


def oauth_code(error: ServiceError) -> str:
    """The `error` member for any error that a request here may end in."""
    if isinstance(error, (Refusal, InvalidRequest, UnsupportedGrantType, TooManyRequests, AddressNotAllowed)):
        return error.code
    return "temporarily_unavailable" if isinstance(error, Unavailable) else "invalid_request"
