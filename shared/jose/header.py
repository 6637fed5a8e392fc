"""The JOSE header of a compact JWS: what is read of it, and what makes it refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeGuard

from shared import strict_json
from shared.identifiers import KID
from shared.jose import base64url
from shared.jose.algorithms import ACCEPTED_ALGORITHMS, canonical_algorithm
from shared.jose.errors import Fault, InvalidToken

CLIENT_AUTHENTICATION = "client-authentication+jwt"
AUTHORIZATION_GRANT = "authorization-grant+jwt"
"""The types that draft-ietf-oauth-rfc7523bis gives to the two uses of an assertion."""
AUDIT_CHECKPOINT = "audit-checkpoint+jwt"
"""Of our own: a signed head of the audit trail, which no verifier of tokens accepts."""
_TYPES = {
    name.lower(): name for name in ("JWT", "at+jwt", CLIENT_AUTHENTICATION, AUTHORIZATION_GRANT, AUDIT_CHECKPOINT)
}
# Each of these changes what the token means; whoever does not follow it must refuse the token.
_REFUSED = ("crit", "b64", "zip", "enc", "cty")


_PARTS = {
    "header": "the first part of the token (its JOSE header)",
    "payload": "the second part of the token (its payload)",
    "signature": "the third part of the token (its signature)",
}


def part_named(part: str) -> str:
    """A part of a token in words: who reads of a header alone thinks of those of HTTP."""
    return _PARTS[part]


@dataclass(frozen=True, slots=True)
class Header:
    """The members that count. Keys that a token brings along (jwk, jku, x5c, x5u) are not among them."""

    algorithm: str
    """By its canonical name."""
    kid: str
    type: str | None
    """`JWT`, `at+jwt` (RFC 9068), a type of RFC 7523bis or of our own, or None when the token has none."""


def is_kid(value: object, form: re.Pattern[str] = KID) -> TypeGuard[str]:
    return isinstance(value, str) and form.fullmatch(value) is not None


def read_header(segment: bytes, kid_form: re.Pattern[str] = KID) -> Header:
    """The header in a segment whose characters are of the base64url alphabet. Raises InvalidToken."""
    return _cached(segment, kid_form) if len(segment) <= 512 else _read(segment, kid_form)


def header_members(segment: bytes) -> dict[str, Any]:
    """The members of a header, none of them checked. Raises InvalidToken when they cannot be read."""
    try:
        return strict_json.loads_object(base64url.decode_clean(segment))
    except ValueError as error:
        raise InvalidToken(Fault.MALFORMED, f"{part_named('header')} {error}") from None


def _read(segment: bytes, kid_form: re.Pattern[str]) -> Header:
    members = header_members(segment)
    _meaning(members)
    return Header(_algorithm(members), _kid(members, kid_form), read_type(members))


# A signer's header is the same for all its tokens.
_cached = lru_cache(maxsize=512)(_read)


def _meaning(members: dict[str, Any]) -> None:
    for name in _REFUSED:
        if name in members:
            raise InvalidToken(
                Fault.MALFORMED,
                f"the JOSE header has the member {name}, which is not supported",
                found=name,
                expected=f"a header without {name}",
            )


def _algorithm(members: dict[str, Any]) -> str:
    algorithm = members.get("alg")
    expected = f"one of {', '.join(sorted(ACCEPTED_ALGORITHMS))}"
    if not isinstance(algorithm, str):
        raise InvalidToken(
            Fault.MALFORMED,
            "the JOSE header has no alg, or one that is not a string",
            found=algorithm,
            expected=expected,
        )
    if algorithm not in ACCEPTED_ALGORITHMS:
        raise InvalidToken(
            Fault.ALGORITHM_NOT_ALLOWED, f"alg must be {expected}", found=algorithm, expected=expected
        )
    return canonical_algorithm(algorithm)


def _kid(members: dict[str, Any], form: re.Pattern[str] = KID) -> str:
    kid = members.get("kid")
    if kid is None:
        raise InvalidToken(Fault.MALFORMED, "the JOSE header has no kid", expected="the kid of the key that signs")
    if not is_kid(kid, form):
        expected = f"what matches {form.pattern}"
        raise InvalidToken(Fault.MALFORMED, f"kid must match {form.pattern}", found=kid, expected=expected)
    return kid


def read_type(members: dict[str, Any]) -> str | None:
    """None when the token has none. Raises `InvalidToken` for one that is no type of a token here."""
    if "typ" not in members:
        return None
    value = members["typ"]
    # `application/` may be left out of a media type (RFC 7515 section 4.1.9).
    known = _TYPES.get(value.lower().removeprefix("application/")) if isinstance(value, str) else None
    if known is None:
        expected = f"one of {', '.join(_TYPES.values())}, or left out"
        raise InvalidToken(Fault.WRONG_TYPE, f"typ must be {expected}", found=value, expected=expected)
    return known


CHECKS: tuple[tuple[str, Callable[[dict[str, Any]], object]], ...] = (
    ("header", _meaning),
    ("alg", _algorithm),
    ("kid", _kid),
    ("typ", read_type),
)
"""Every check of the header of a token of ours, in the order of `_read`. Each raises InvalidToken for one thing."""
