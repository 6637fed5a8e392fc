"""The types of the members of requests and responses, with their limits and error messages."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema

from shared.clock import Clock
from shared.contracts.limits import Limits
from shared.identifiers import CLAIM, MAX_CLAIM_CHARACTERS, MAX_PREFIX_CHARACTERS, PREFIX, UUID_FORM, anchored
from shared.logging.redaction import holds_secret
from shared.scopes import InvalidScope, parse_scope_list

MAX_TTL_S = 30 * 86400
"""Seconds: the longest life that an access key may give a session token."""

_URI = re.compile(
    r"(?:https?://|urn:)[!-~]+"  # an absolute URI
    r"|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:/[!-~]*)?"  # or a host, with a port and a path
)
_HANDLE = re.compile(rf"{PREFIX.pattern}(?::{PREFIX.pattern})?")
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""asyncpg writes the first and the last instant that `datetime` knows as PostgreSQL's -infinity and infinity: one
that had passed would be read as none at all."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)


def parse_id(value: object) -> UUID:
    """Raises ValueError for anything but a UUID in its usual form."""
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str) or UUID_FORM.fullmatch(value) is None:
        raise ValueError("must be an id (a UUID)")
    return UUID(value)


def parse_reference(value: object) -> UUID | str:
    """An id, or the public name that an object has: a prefix, a key, a kid, `client_prefix:application_prefix`.

    A UUID is always an id, also where a prefix looks like one. Raises ValueError for what can be neither.
    """
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str) or _HANDLE.fullmatch(value) is None:
        raise ValueError("must be an id (a UUID) or a public name (a prefix, key or kid)")
    return UUID(value) if UUID_FORM.fullmatch(value) else value


def parse_instant(value: object) -> datetime:
    """An RFC 3339 time of 1970 to 9999, in UTC. Raises ValueError for one that does not exist or has no offset."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or _INSTANT.fullmatch(value) is None:
        raise ValueError("must be a time as of RFC 3339, such as 2030-01-31T12:00:00Z")
    try:
        found = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is a time that does not exist") from None
    if not _EARLIEST <= found <= _LATEST:
        raise ValueError("must be between 1970-01-01T00:00:00Z and 9999-12-31T23:59:59Z")
    return found


def id_text(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)


def instant(seconds: float) -> datetime:
    """Seconds since the epoch as a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def now_of(clock: Clock) -> datetime:
    """The present time in UTC."""
    return instant(clock.now())


def in_utc(value: datetime) -> datetime:
    # Only PostgreSQL's infinities come without an offset from asyncpg.
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def format_instant(value: datetime) -> str:
    return in_utc(value).isoformat().replace("+00:00", "Z")


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _empty_or_not_blank(value: str) -> str:
    if value and not value.strip():
        raise ValueError("must not be blank: leave it empty instead")
    return value


def _one_line(value: str) -> str:
    if any(unicodedata.category(c) == "Cc" for c in value):
        raise ValueError("must not contain control characters")
    return value


def _lines(value: str) -> str:
    """Tabs and line ends are allowed, as each system writes them: LF, or CR with LF."""
    _one_line(value.replace("\r\n", "").replace("\n", "").replace("\t", ""))
    return value


def _no_secret(value: str) -> str:
    """What is named here is stored and shown, and stands in the audit trail."""
    if holds_secret(value):
        raise ValueError("must not contain a secret, such as a token, a key or a password")
    return value


def _matching(pattern: re.Pattern[str], message: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if pattern.fullmatch(value) is None:
            raise ValueError(message)
        return value

    return check


def _shown_pattern(pattern: re.Pattern[str]) -> Any:
    """For OpenAPI alone: pydantic's own message for a pattern would show the pattern, and no more."""
    return Field(json_schema_extra={"pattern": anchored(pattern)})


def _scopes(value: object) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("must be a list of strings")
    try:
        return [_no_secret(scope) for scope in parse_scope_list(value, field="scopes")]
    except InvalidScope as error:
        raise ValueError(error.description) from None


def _pem_or_jwk(value: object) -> object:
    if value is not None and not isinstance(value, str | dict):
        raise ValueError("must be PEM (a string) or a JWK (an object)")
    return value


Reference = Annotated[
    UUID | str,
    BeforeValidator(parse_reference),
    WithJsonSchema({"type": "string", "pattern": anchored(_HANDLE)}),
]
"""An object by its id or its public name."""
Instant = Annotated[
    datetime, BeforeValidator(parse_instant), PlainSerializer(format_instant, return_type=str, when_used="json")
]
ShownLimits = Annotated[Limits | None, BeforeValidator(lambda value: value and Limits.read(value))]
"""As stored, maybe by a newer release."""
NoSecret = AfterValidator(_no_secret)
Name = Annotated[
    str, StringConstraints(max_length=200), AfterValidator(_not_blank), AfterValidator(_one_line), NoSecret
]
Comment = Annotated[
    str, StringConstraints(max_length=1000), AfterValidator(_not_blank), AfterValidator(_lines), NoSecret
]
OptionalComment = Annotated[
    str, StringConstraints(max_length=1000), AfterValidator(_empty_or_not_blank), AfterValidator(_lines), NoSecret
]
"""Empty where nothing is said. No union of two types: an error would name a member for each."""
Prefix = Annotated[
    str,
    StringConstraints(max_length=MAX_PREFIX_CHARACTERS),
    AfterValidator(_matching(PREFIX, "must be letters, digits, '_', '.', '-', starting with a letter or digit")),
    NoSecret,
    _shown_pattern(PREFIX),
]
CompanyUri = Annotated[
    str,
    StringConstraints(max_length=255),
    AfterValidator(
        _matching(_URI, "must be an http, https or urn URI, or a host, in printable ASCII without spaces")
    ),
    NoSecret,
    _shown_pattern(_URI),
]
Audience = Annotated[
    str,
    StringConstraints(max_length=MAX_CLAIM_CHARACTERS),
    AfterValidator(_matching(CLAIM, "must be 1 to 255 printable ASCII characters without spaces")),
    NoSecret,
    _shown_pattern(CLAIM),
]
TokenId = Annotated[
    str,
    StringConstraints(max_length=MAX_CLAIM_CHARACTERS),
    AfterValidator(_matching(CLAIM, "must be 1 to 255 printable ASCII characters without spaces")),
    NoSecret,
    _shown_pattern(CLAIM),
]
Reason = Annotated[str, StringConstraints(max_length=255), AfterValidator(_one_line), NoSecret]
Scopes = Annotated[
    list[str],
    BeforeValidator(_scopes),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "maxItems": 64}),
]
PemOrJwk = Annotated[str | dict[str, Any], BeforeValidator(_pem_or_jwk)]
Ttl = Annotated[int, Field(ge=1, le=MAX_TTL_S)]
"""Seconds."""
