"""The claims of a JWT (RFC 7519 section 4), checked one by one against what is expected."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.identifiers import CLAIM, MAX_CLAIM_CHARACTERS
from shared.jose.errors import Fault, InvalidToken

LEEWAY_S = 30.0
"""Seconds that two clocks may differ by, by default; a difference of the leeway itself is too much."""
MAX_AUDIENCES = 16
# The year 9999, where calendars of most languages end.
_LATEST_TIME = 253_402_300_799


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the claims have to be. An empty set of issuers or audiences leaves that claim unchecked."""

    issuers: frozenset[str] = frozenset()
    audiences: frozenset[str] = frozenset()
    subject: str | None = None
    types: frozenset[str | None] = frozenset({"JWT", "at+jwt", None})
    """The header types to accept; None stands for a token without `typ`."""
    required: frozenset[str] = frozenset()
    """Claims that must be there on top of those that are checked; `exp` always must."""
    leeway: float = LEEWAY_S
    """Seconds."""
    max_lifetime: float | None = None
    """Seconds that `exp` may be after `iat`."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims that hold. Times are seconds since the epoch."""

    expires_at: float
    issued_at: float | None
    issuer: str | None
    subject: str | None
    """1 to 255 characters of printable ASCII without blanks: fit to be a header field."""
    audiences: tuple[str, ...]
    jti: str | None
    """As `subject`: 1 to 255 characters of printable ASCII without blanks."""
    members: Mapping[str, Any]
    """All claims as they came, of any JSON type: the private ones are not checked."""

    def text(self, name: str) -> str | None:
        """A private claim that must be a clean string if it is there. Raises InvalidToken."""
        return _clean(self.members, name)


def check_claims(
    members: Mapping[str, Any], expectation: Expectation, now: float, *, token_type: str | None = None
) -> Claims:
    """The claims, if they are as expected at `now` (seconds since the epoch). Raises InvalidToken.

    In order: type, presence, issuer, subject, audience, times, the rest.
    """
    if token_type not in expectation.types:
        allowed = sorted(name for name in expectation.types if name)
        if None in expectation.types:
            allowed.append("left out")
        raise InvalidToken(Fault.WRONG_TYPE, f"typ must be {' or '.join(allowed)}")
    _check_presence(members, expectation)
    issuer = _issuer(members, expectation)
    subject = _subject(members, expectation)
    audiences = _audiences(members, expectation)
    expires_at, issued_at = _times(members, expectation, now)
    return Claims(
        expires_at=expires_at,
        issued_at=issued_at,
        issuer=issuer,
        subject=subject,
        audiences=audiences,
        jti=_clean(members, "jti"),
        members=members,
    )


def _check_presence(members: Mapping[str, Any], expectation: Expectation) -> None:
    if "exp" not in members:
        raise InvalidToken(Fault.MISSING_CLAIM, "exp is missing")
    for name in expectation.required:
        if name not in members:
            raise InvalidToken(Fault.MISSING_CLAIM, f"{name} is missing")


def _issuer(members: Mapping[str, Any], expectation: Expectation) -> str | None:
    value = members.get("iss")
    if expectation.issuers:
        if "iss" not in members:
            raise InvalidToken(Fault.MISSING_CLAIM, "iss is missing")
        if not isinstance(value, str) or value not in expectation.issuers:
            raise InvalidToken(Fault.WRONG_ISSUER, f"iss must be {_one_of(expectation.issuers)}")
    return _string(members, "iss")


def _subject(members: Mapping[str, Any], expectation: Expectation) -> str | None:
    if expectation.subject is not None:
        if "sub" not in members:
            raise InvalidToken(Fault.MISSING_CLAIM, "sub is missing")
        if members["sub"] != expectation.subject:
            raise InvalidToken(Fault.WRONG_SUBJECT, f"sub must be {expectation.subject}")
    return _clean(members, "sub")


def _audiences(members: Mapping[str, Any], expectation: Expectation) -> tuple[str, ...]:
    if "aud" not in members:
        if expectation.audiences:
            raise InvalidToken(Fault.MISSING_CLAIM, "aud is missing")
        return ()
    value = members["aud"]
    named = value if isinstance(value, list) else [value]
    if not 1 <= len(named) <= MAX_AUDIENCES or not all(
        isinstance(one, str) and 1 <= len(one) <= MAX_CLAIM_CHARACTERS for one in named
    ):
        raise InvalidToken(
            Fault.INVALID_CLAIM,
            f"aud must be a string of 1 to {MAX_CLAIM_CHARACTERS} characters, "
            f"or a list of 1 to {MAX_AUDIENCES} such",
        )
    if len(set(named)) != len(named):
        raise InvalidToken(Fault.INVALID_CLAIM, "aud names an audience twice")
    if expectation.audiences and expectation.audiences.isdisjoint(named):
        raise InvalidToken(Fault.WRONG_AUDIENCE, f"aud must be {_one_of(expectation.audiences)}")
    return tuple(named)


def _times(members: Mapping[str, Any], expectation: Expectation, now: float) -> tuple[float, float | None]:
    expires_at, issued_at, not_before = _time(members, "exp"), _time(members, "iat"), _time(members, "nbf")
    leeway = expectation.leeway
    if expires_at is None:
        raise InvalidToken(Fault.MISSING_CLAIM, "exp is missing")
    if now - expires_at >= leeway:
        raise InvalidToken(Fault.EXPIRED, f"exp was {_seconds(now - expires_at)} s ago")
    for name, time in (("nbf", not_before), ("iat", issued_at)):
        if time is not None and time > now and time - now >= leeway:
            raise InvalidToken(
                Fault.NOT_YET_VALID, f"{name} is {_seconds(time - now)} s ahead of this server's clock"
            )
    if issued_at is None:
        if expectation.max_lifetime is not None:
            raise InvalidToken(Fault.MISSING_CLAIM, "iat is missing")
    elif expires_at <= issued_at:
        raise InvalidToken(Fault.INVALID_CLAIM, "exp is not after iat")
    elif expectation.max_lifetime is not None and expires_at - issued_at > expectation.max_lifetime:
        raise InvalidToken(
            Fault.LIFETIME_TOO_LONG,
            f"exp is {_seconds(expires_at - issued_at)} s after iat; "
            f"at most {_seconds(expectation.max_lifetime)} s is allowed",
        )
    return expires_at, issued_at


def _time(members: Mapping[str, Any], name: str) -> float | None:
    if name not in members:
        return None
    value = members[name]
    # bool is an int to Python.
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= _LATEST_TIME:
        raise InvalidToken(Fault.INVALID_CLAIM, f"{name} must be a number of seconds since 1970")
    return float(value)


def _clean(members: Mapping[str, Any], name: str) -> str | None:
    if name not in members:
        return None
    value = members[name]
    if not isinstance(value, str) or CLAIM.fullmatch(value) is None:
        raise InvalidToken(
            Fault.INVALID_CLAIM,
            f"{name} must be a string of 1 to {MAX_CLAIM_CHARACTERS} printable ASCII characters without blanks",
        )
    return value


def _string(members: Mapping[str, Any], name: str) -> str | None:
    if name not in members:
        return None
    value = members[name]
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_CLAIM_CHARACTERS:
        raise InvalidToken(
            Fault.INVALID_CLAIM, f"{name} must be a string of 1 to {MAX_CLAIM_CHARACTERS} characters"
        )
    return value


def _one_of(values: frozenset[str]) -> str:
    return " or ".join(sorted(values))


def _seconds(span: float) -> str:
    return f"{span:.3f}".rstrip("0").rstrip(".")
