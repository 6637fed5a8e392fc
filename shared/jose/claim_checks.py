"""The checks of a JWT's claims (RFC 7519 section 4), one by one, in their order."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.identifiers import CLAIM, MAX_CLAIM_CHARACTERS
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
class Presented:
    """What a token says, and when it is looked at (seconds since the epoch)."""

    members: Mapping[str, Any]
    token_type: str | None
    """`typ` of its header."""
    now: float


Check = Callable[[Presented, Expectation], None]


def _type(presented: Presented, expectation: Expectation) -> None:
    if presented.token_type not in expectation.types:
        allowed = sorted(name for name in expectation.types if name)
        if None in expectation.types:
            allowed.append("left out")
        expected = " or ".join(allowed)
        raise InvalidToken(
            Fault.WRONG_TYPE, f"typ must be {expected}", found=presented.token_type, expected=expected
        )


def _presence(presented: Presented, expectation: Expectation) -> None:
    if "exp" not in presented.members:
        raise _missing("exp")
    for name in sorted(expectation.required):
        if name not in presented.members:
            raise _missing(name)


def _issuer(presented: Presented, expectation: Expectation) -> None:
    members = presented.members
    value = members.get("iss")
    if expectation.issuers:
        if "iss" not in members:
            raise _missing("iss", expected=_one_of(expectation.issuers))
        if not isinstance(value, str) or value not in expectation.issuers:
            expected = _one_of(expectation.issuers)
            raise InvalidToken(Fault.WRONG_ISSUER, f"iss must be {expected}", found=value, expected=expected)
    if "iss" in members and (not isinstance(value, str) or not 1 <= len(value) <= MAX_CLAIM_CHARACTERS):
        expected = f"a string of 1 to {MAX_CLAIM_CHARACTERS} characters"
        raise InvalidToken(Fault.INVALID_CLAIM, f"iss must be {expected}", found=value, expected=expected)


def _subject(presented: Presented, expectation: Expectation) -> None:
    members = presented.members
    if expectation.subject is not None:
        expected = expectation.subject
        if "sub" not in members:
            raise _missing("sub", expected=expected)
        if members["sub"] != expected:
            raise InvalidToken(
                Fault.WRONG_SUBJECT, f"sub must be {expected}", found=members["sub"], expected=expected
            )
    clean_claim(members, "sub")


def _audience(presented: Presented, expectation: Expectation) -> None:
    members = presented.members
    if "aud" not in members:
        if expectation.audiences:
            raise _missing("aud", expected=_one_of(expectation.audiences))
        return
    value = members["aud"]
    named = value if isinstance(value, list) else [value]
    if not 1 <= len(named) <= MAX_AUDIENCES or not all(
        isinstance(one, str) and 1 <= len(one) <= MAX_CLAIM_CHARACTERS for one in named
    ):
        expected = f"a string of 1 to {MAX_CLAIM_CHARACTERS} characters, or a list of 1 to {MAX_AUDIENCES} such"
        raise InvalidToken(Fault.INVALID_CLAIM, f"aud must be {expected}", found=value, expected=expected)
    if len(set(named)) != len(named):
        raise InvalidToken(
            Fault.INVALID_CLAIM, "aud names an audience twice", found=value, expected="each audience once"
        )
    if expectation.audiences and expectation.audiences.isdisjoint(named):
        expected = _one_of(expectation.audiences)
        raise InvalidToken(Fault.WRONG_AUDIENCE, f"aud must be {expected}", found=value, expected=expected)


def _numbers(presented: Presented, _: Expectation) -> None:
    for name in ("exp", "iat", "nbf"):
        time_claim(presented.members, name)


def _expiry(presented: Presented, expectation: Expectation) -> None:
    expires_at, now = time_claim(presented.members, "exp"), presented.now
    if expires_at is None:
        raise _missing("exp")
    if now - expires_at >= expectation.leeway:
        raise InvalidToken(
            Fault.EXPIRED,
            f"exp was {_seconds(now - expires_at)} s ago",
            found=presented.members["exp"],
            expected=f"later than now, which is {int(now)}, with {_seconds(expectation.leeway)} s of leeway",
        )


def _not_before(name: str) -> Check:
    def check(presented: Presented, expectation: Expectation) -> None:
        time, now = time_claim(presented.members, name), presented.now
        if time is not None and time > now and time - now >= expectation.leeway:
            raise InvalidToken(
                Fault.NOT_YET_VALID,
                f"{name} is {_seconds(time - now)} s ahead of this server's clock",
                found=presented.members[name],
                expected=f"not after now, which is {int(now)}, with {_seconds(expectation.leeway)} s of leeway",
            )

    return check


def _lifetime(presented: Presented, expectation: Expectation) -> None:
    expires_at, issued_at = time_claim(presented.members, "exp"), time_claim(presented.members, "iat")
    if issued_at is None or expires_at is None:
        if expectation.max_lifetime is not None:
            raise _missing("iat" if issued_at is None else "exp")
        return
    span = expires_at - issued_at
    if span <= 0:
        raise InvalidToken(
            Fault.INVALID_CLAIM, "exp is not after iat", found=span, expected="exp is some seconds after iat"
        )
    if expectation.max_lifetime is not None and span > expectation.max_lifetime:
        allowed = f"at most {_seconds(expectation.max_lifetime)} s"
        raise InvalidToken(
            Fault.LIFETIME_TOO_LONG,
            f"exp is {_seconds(span)} s after iat; {allowed} is allowed",
            found=f"{_seconds(span)} s",
            expected=allowed,
        )


def _id(presented: Presented, _: Expectation) -> None:
    clean_claim(presented.members, "jti")


CHECKS: tuple[tuple[str, Check], ...] = (
    ("typ", _type),
    ("claims", _presence),
    ("iss", _issuer),
    ("sub", _subject),
    ("aud", _audience),
    ("times", _numbers),
    ("exp", _expiry),
    ("nbf", _not_before("nbf")),
    ("iat", _not_before("iat")),
    ("lifetime", _lifetime),
    ("jti", _id),
)
"""Every check of the claims, in order. Each raises InvalidToken for what it is about, and for nothing else."""


def time_claim(members: Mapping[str, Any], name: str) -> float | None:
    """Seconds since the epoch; None when there is no such claim. Raises InvalidToken."""
    if name not in members:
        return None
    value = members[name]
    # bool is an int to Python.
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= _LATEST_TIME:
        expected = "a number of seconds since 1970"
        raise InvalidToken(Fault.INVALID_CLAIM, f"{name} must be {expected}", found=value, expected=expected)
    return float(value)


def clean_claim(members: Mapping[str, Any], name: str) -> str | None:
    """A claim that must be fit to be a header field; None when there is none. Raises InvalidToken."""
    if name not in members:
        return None
    value = members[name]
    if not isinstance(value, str) or CLAIM.fullmatch(value) is None:
        expected = f"a string of 1 to {MAX_CLAIM_CHARACTERS} printable ASCII characters without blanks"
        raise InvalidToken(Fault.INVALID_CLAIM, f"{name} must be {expected}", found=value, expected=expected)
    return value


def _missing(name: str, *, expected: str = "") -> InvalidToken:
    return InvalidToken(Fault.MISSING_CLAIM, f"{name} is missing", expected=expected or f"the claim {name}")


def _one_of(values: frozenset[str]) -> str:
    return " or ".join(sorted(values))


def _seconds(span: float) -> str:
    return f"{span:.3f}".rstrip("0").rstrip(".")
