"""The JOSE header of a compact JWS: what is read of it, and what makes it refused."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeGuard

from shared import strict_json
from shared.jose import base64url
from shared.jose.algorithms import ALGORITHMS
from shared.jose.errors import Fault, InvalidToken

_KID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TYPES = {"jwt": "JWT", "at+jwt": "at+jwt", "application/at+jwt": "at+jwt"}
# Each of these changes what the token means; whoever does not follow it must refuse the token.
_REFUSED = ("crit", "b64", "zip", "enc", "cty")


@dataclass(frozen=True, slots=True)
class Header:
    """The members that count. Keys that a token brings along (jwk, jku, x5c, x5u) are not among them."""

    algorithm: str
    kid: str
    type: str | None
    """`JWT`, `at+jwt` (RFC 9068), or None when the token has none."""


def is_kid(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _KID.fullmatch(value) is not None


def read_header(segment: bytes) -> Header:
    """The header in a segment whose characters are of the base64url alphabet. Raises InvalidToken."""
    return _cached(segment) if len(segment) <= 512 else _read(segment)


def _read(segment: bytes) -> Header:
    try:
        members = strict_json.loads_object(base64url.decode_clean(segment))
    except ValueError as error:
        raise InvalidToken(Fault.MALFORMED, f"the header {error}") from None
    for name in _REFUSED:
        if name in members:
            raise InvalidToken(Fault.MALFORMED, f"the header has the member {name}, which is not supported")
    return Header(_algorithm(members), _kid(members), _type(members))


# A signer's header is the same for all its tokens.
_cached = lru_cache(maxsize=512)(_read)


def _algorithm(members: dict[str, Any]) -> str:
    algorithm = members.get("alg")
    if not isinstance(algorithm, str):
        raise InvalidToken(Fault.MALFORMED, "the header has no alg, or one that is not a string")
    if algorithm not in ALGORITHMS:
        raise InvalidToken(Fault.ALGORITHM_NOT_ALLOWED, f"alg must be one of {', '.join(sorted(ALGORITHMS))}")
    return algorithm


def _kid(members: dict[str, Any]) -> str:
    kid = members.get("kid")
    if kid is None:
        raise InvalidToken(Fault.MALFORMED, "the header has no kid")
    if not is_kid(kid):
        raise InvalidToken(Fault.MALFORMED, "kid must match [A-Za-z0-9_-]{1,64}")
    return kid


def _type(members: dict[str, Any]) -> str | None:
    if "typ" not in members:
        return None
    value = members["typ"]
    known = _TYPES.get(value.lower()) if isinstance(value, str) else None
    if known is None:
        raise InvalidToken(Fault.WRONG_TYPE, "typ must be JWT or at+jwt")
    return known
