"""How to correct what a check found. Advice alone: whether a check passes is decided where the check is."""

from collections.abc import Callable, Mapping
from typing import Any

MILLISECONDS_FROM = 100_000_000_000
"""A time past this, in seconds, is in the year 5138: it was written in milliseconds."""


def fix_for(check: str, fault: str, found: Any, expected: str) -> str:
    """`fault`: the error's own words, which are the first of what is said."""
    adviser = _ADVICE.get(check)
    advice = "" if adviser is None else adviser(found, expected)
    return f"{fault}. {advice}" if advice else f"{fault}."


def _algorithm(found: Any, _: str) -> str:
    if isinstance(found, str) and found.lower() == "none":
        return "Sign the token with the private key of the key pair."
    if isinstance(found, str) and found.upper().startswith("HS"):
        return "Sign with the private key (RS256, ES256, EdDSA); HS... would make the public key a shared secret."
    return "Set alg to the algorithm that the key pair was created with."


def _kid(found: Any, _: str) -> str:
    if found is None:
        return "Put the KID that was shown with the private key into the header, as kid."
    return "Copy the KID as it was shown when the key pair was created."


def _time(found: Any, _: str) -> str:
    if isinstance(found, str):
        return "Send a JSON number, not a string."
    if isinstance(found, int | float) and not isinstance(found, bool) and found >= MILLISECONDS_FROM:
        return "It is in milliseconds: divide by 1000."
    return "Take whole seconds since 1970 in UTC, not of local time."


def _clock(found: Any, expected: str) -> str:
    if isinstance(found, int | float) and found >= MILLISECONDS_FROM:
        return _time(found, expected)
    return "Sign a new token, and compare your clock with a time server (NTP); take UTC."


def _lifetime(_: Any, __: str) -> str:
    return "Set exp to iat and the seconds for which the token is needed. Times are in seconds, not milliseconds."


def _same_but_for(found: Any, expected: str) -> str:
    """The usual slips in a name that is compared exactly."""
    names = found if isinstance(found, list) else [found]
    wanted = expected.split(" or ")
    for name in names:
        if not isinstance(name, str):
            continue
        for one in wanted:
            if name.rstrip("/") == one.rstrip("/"):
                return f"It differs from {one} by a final slash; it is compared exactly."
            if name.strip() == one:
                return f"It differs from {one} by white space; it is compared exactly."
            if name.lower() == one.lower():
                return f"It differs from {one} by upper and lower case; it is compared exactly."
            if name.partition("://")[2] and name.partition("://")[2] == one.partition("://")[2]:
                return f"It differs from {one} by http or https; it is compared exactly."
    return ""


def _issuer(found: Any, expected: str) -> str:
    return _same_but_for(found, expected) or "iss and sub are the company's URI as it is registered."


def _audience(found: Any, expected: str) -> str:
    return _same_but_for(found, expected) or "aud names who the token is for; take one of those that are expected."


def _scope(_: Any, __: str) -> str:
    return "Request what the credential is granted, have more granted, or leave the scopes out to get all of them."


def _signature(_: Any, __: str) -> str:
    return (
        "Send it whole and unchanged. An assertion is signed with the private key that was shown together with "
        "this KID; if it was, the key pair, or its company, may be suspended or revoked: ask who issued it."
    )


_ADVICE: Mapping[str, Callable[[Any, str], str]] = {
    "alg": _algorithm,
    "kid": _kid,
    "times": _time,
    "exp": _clock,
    "nbf": _clock,
    "iat": _clock,
    "lifetime": _lifetime,
    "iss": _issuer,
    "sub": _issuer,
    "aud": _audience,
    "scope": _scope,
    "signature": _signature,
    "jti_unused": lambda _, __: "Sign a new assertion, with a new jti, for each request.",
    "claims": lambda _, __: "Add the claim.",
}
