"""When an API token is good: it is active, and its booking joins exactly that company and that application."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from shared.audit import AuditTrail
from shared.clock import Clock
from shared.contracts.key_registry import ApiToken
from shared.opaque import API_TOKEN, digest, well_formed


class Cause(StrEnum):
    """Why a token is not good: for the audit trail and the gateway's log, never for the caller."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"
    BOOKING_SUSPENDED = "booking_suspended"
    BOOKING_REVOKED = "booking_revoked"
    COMPANY_SUSPENDED = "company_suspended"
    COMPANY_REVOKED = "company_revoked"
    APPLICATION_SUSPENDED = "application_suspended"
    APPLICATION_REVOKED = "application_revoked"
    WRONG_COMPANY = "wrong_company"
    WRONG_APPLICATION = "wrong_application"


@dataclass(frozen=True, slots=True)
class Question:
    token: str
    client_prefix: str
    application_prefix: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`cause` is None when the token is good. `record` is that of a known token, good or not."""

    cause: Cause | None
    record: ApiToken | None
    as_of: int
    """The position in the change feed up to which this is true."""
    mark: str | None
    """The mark of that position."""

    @property
    def valid(self) -> bool:
        return self.cause is None


class ApiTokens(Protocol):
    async def get(self, key: bytes) -> ApiToken | None:
        """The API token with this SHA-256. Raises `Unavailable`."""
        ...


class Feed(Protocol):
    """How far `ApiTokens` follows the changes."""

    @property
    def position(self) -> int: ...

    @property
    def mark(self) -> str | None: ...


class Validator:
    def __init__(self, tokens: ApiTokens, feed: Feed, audit: AuditTrail, clock: Clock) -> None:
        self._tokens = tokens
        self._feed = feed
        self._audit = audit
        self._clock = clock

    async def check(self, question: Question) -> Verdict:
        """Raises `Unavailable` when it cannot be known. Each refusal is noted with its cause, without the token."""
        verdict = await self._verdict(question)
        if verdict.cause is not None:
            self._note(verdict.cause, verdict.record)
        return verdict

    async def _verdict(self, question: Question) -> Verdict:
        position, mark = self._feed.position, self._feed.mark
        if not well_formed(API_TOKEN, question.token):
            return Verdict(Cause.MALFORMED, None, position, mark)
        record = await self._tokens.get(digest(question.token))
        if record is None:
            return Verdict(Cause.UNKNOWN, None, position, mark)
        cause = stopped(record, self._clock.now()) or mismatch(record, question)
        if record.as_of > position:
            position, mark = record.as_of, record.mark
        return Verdict(cause, record, position, mark)

    def _note(self, cause: Cause, record: ApiToken | None) -> None:
        event = self._audit.event(
            "api_token.refused",
            actor="anonymous",
            subject_kind="api_token",
            subject="" if record is None else record.id,
            company_id=None if record is None else record.company.id,
            detail={"cause": cause.value},
        )
        self._audit.note(event)


def stopped(token: ApiToken, now: float) -> Cause | None:
    """Why a token is good nowhere at `now` (seconds since the epoch), None when it is good somewhere."""
    if token.status != "active":
        return Cause(token.status)
    if token.expires_at is not None and token.expires_at <= now:
        return Cause.EXPIRED
    for what, status in (
        ("booking", token.booking_status),
        ("company", token.company.status),
        ("application", token.application_status),
    ):
        if status != "active":
            return Cause(f"{what}_{status}")
    return None


def mismatch(token: ApiToken, question: Question) -> Cause | None:
    """Prefixes are compared exactly, by case too."""
    if token.company.client_prefix != question.client_prefix:
        return Cause.WRONG_COMPANY
    if token.application_prefix != question.application_prefix:
        return Cause.WRONG_APPLICATION
    return None
