"""When an API token is valid: it is active, and its booking joins exactly that company and that application."""

from dataclasses import dataclass
from enum import StrEnum

from services.operator_validator.storage.ports import ApiTokens, Feed
from shared.audit.mismatch import Mismatch, known_as_api_token
from shared.audit.ports import RefusalAudit
from shared.audit.stopped import stopped_object
from shared.clock import Clock
from shared.contracts.key_registry import ApiToken
from shared.opaque import API_TOKEN, claimed_prefix, digest, of_another_kind, well_formed

EXPECTED = "an API token (X-Api-Token, or the parameter token)"
"""In the words of traces."""


class Cause(StrEnum):
    """Why a token is invalid: for the audit trail and the gateway's log, never for the caller."""

    MALFORMED = "malformed"
    WRONG_KIND = "wrong_kind"
    UNKNOWN = "unknown"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"
    VERSION_REVOKED = "version_revoked"
    VERSION_RETIRED = "version_retired"
    BOOKING_SUSPENDED = "booking_suspended"
    BOOKING_REVOKED = "booking_revoked"
    COMPANY_SUSPENDED = "company_suspended"
    COMPANY_REVOKED = "company_revoked"
    APPLICATION_SUSPENDED = "application_suspended"
    APPLICATION_REVOKED = "application_revoked"
    WRONG_COMPANY = "wrong_company"
    WRONG_APPLICATION = "wrong_application"


@dataclass(frozen=True, slots=True)
class ValidationRequest:
    token: str
    client_prefix: str
    application_prefix: str


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """`cause` is None when the token is valid. `record` is that of a known token, valid or not."""

    cause: Cause | None
    record: ApiToken | None
    as_of: int
    """The position in the change feed up to which this is true."""
    mark: str | None
    """The mark of that position."""

    @property
    def valid(self) -> bool:
        return self.cause is None


class Validator:
    def __init__(self, tokens: ApiTokens, feed: Feed, audit: RefusalAudit, clock: Clock) -> None:
        self._tokens = tokens
        self._feed = feed
        self._audit = audit
        self._clock = clock

    async def validate(self, request: ValidationRequest) -> ValidationResult:
        """Raises `Unavailable` when it cannot be known. The refusal of a known token is in the audit trail."""
        result = await self._validate(request)
        if result.cause is not None and result.record is not None:
            self._report(result.cause, result.record)
        return result

    async def _validate(self, request: ValidationRequest) -> ValidationResult:
        position, mark = self._feed.position, self._feed.mark
        if not well_formed(API_TOKEN, request.token):
            return ValidationResult(_cause_of_form(request), None, position, mark)
        record = await self._tokens.get(digest(request.token))
        if record is None:
            return ValidationResult(Cause.UNKNOWN, None, position, mark)
        found = stopped(record, self._clock.now()) or mismatch(record, request)
        if record.as_of > position:
            position, mark = record.as_of, record.mark
        return ValidationResult(found, record, position, mark)

    def _report(self, cause: Cause, record: ApiToken) -> None:
        event = self._audit.event(
            "api_token.refused",
            actor="anonymous",
            subject_kind="api_token",
            subject=record.id,
            company_id=record.company.id,
            detail={"cause": cause.value},
        )
        ended = stopped_object(
            cause,
            "api_token",
            record.id,
            version=record.version,
            booking=record.booking_id,
            company=record.company.id,
            application=record.application_id,
        )
        self._audit.note_refusal(event, stopped=ended)


def _cause_of_form(request: ValidationRequest) -> Cause:
    """Of what has not the form of an API token; with one of ours as the prefix, the two were swapped."""
    other = of_another_kind(API_TOKEN, request.token) or claimed_prefix(request.client_prefix)
    known = other or known_as_api_token(request.token, request.client_prefix)
    return Cause.WRONG_KIND if known else Cause.MALFORMED


def mismatch_of_form(request: ValidationRequest) -> Mismatch | None:
    """What came in the place of an API token, for trace and log alone; None if it does not say."""
    if prefix := claimed_prefix(request.token) or claimed_prefix(request.client_prefix):
        another = of_another_kind(API_TOKEN, request.token)
        return Mismatch(prefix, expected=EXPECTED if another else "")
    found = known_as_api_token(request.token, request.client_prefix)
    return Mismatch(found=found, expected=EXPECTED) if found else None


def stopped(token: ApiToken, now: float) -> Cause | None:
    """Why a token is valid nowhere at `now` (seconds since the epoch), None when it is valid somewhere."""
    if token.status != "active":
        return Cause(token.status)
    if token.expires_at is not None and token.expires_at <= now:
        return Cause.EXPIRED
    if ended := token.version_ended(now):
        return Cause(ended)
    for kind, status in (
        ("booking", token.booking_status),
        ("company", token.company.status),
        ("application", token.application_status),
    ):
        if status != "active":
            return Cause(f"{kind}_{status}")
    return None


def mismatch(token: ApiToken, request: ValidationRequest) -> Cause | None:
    """Prefixes are compared exactly, by case too."""
    if token.company.client_prefix != request.client_prefix:
        return Cause.WRONG_COMPANY
    if token.application_prefix != request.application_prefix:
        return Cause.WRONG_APPLICATION
    return None
