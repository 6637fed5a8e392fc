"""ID tokens (OpenID Connect Core 1.0 section 3.1.3.7): whom the provider says that somebody is."""

from hmac import compare_digest
from typing import Any, NamedTuple

from services.key_registry.people.emails import parse_email
from services.key_registry.people.openid.provider import Provider
from shared.identifiers import OPAQUE_KID
from shared.jose.claim_checks import LEEWAY_S
from shared.jose.errors import InvalidToken
from shared.jose.verifier import Expectation, check_claims, check_signature, parse

FRESH_LEEWAY_S = 10.0
"""Seconds by which a fresh sign-in may seem to be older than the request for it, by another clock than ours."""
MAX_SUBJECT_CHARACTERS = 255
"""Section 2 of OpenID Connect Core."""


class InvalidIdToken(Exception):
    """`args[0]` says why, in one word."""


class VerifiedSubject(NamedTuple):
    subject: str
    email: str
    """In lower case; the provider has verified it."""


async def verified(
    token: str, provider: Provider, nonce: str, now: float, signed_in_since: float | None = None
) -> VerifiedSubject:
    """With `signed_in_since` (seconds since the epoch), who has signed in there no earlier.

    Raises `InvalidIdToken` and `Unavailable`.
    """
    client = provider.client
    expectation = Expectation(
        issuers=frozenset({client.issuer}),
        audiences=frozenset({client.client_id}),
        types=frozenset({"JWT", None}),
        required=frozenset({"sub", "iat", "nonce"}),
    )
    try:
        unverified = parse(token, kid_form=OPAQUE_KID)
        key = await provider.key(unverified.header.kid, unverified.header.algorithm)
        if key is None:
            raise InvalidIdToken("unknown_kid")
        members = check_claims(check_signature(unverified, key), expectation, now).members
    except InvalidToken as error:
        raise InvalidIdToken(str(error.code)) from None
    audiences, party = members["aud"], members.get("azp")
    several = isinstance(audiences, list) and len(audiences) > 1
    if party != client.client_id and (several or party is not None):
        raise InvalidIdToken("wrong_authorized_party")
    presented = members["nonce"]
    if not isinstance(presented, str) or not compare_digest(presented.encode(), nonce.encode()):
        raise InvalidIdToken("wrong_nonce")
    if signed_in_since is not None:
        _require_signed_in_since(signed_in_since, members.get("auth_time"), now)
    return VerifiedSubject(_subject(members["sub"]), _email(members))


def _require_signed_in_since(since: float, auth_time: Any, now: float) -> None:
    """`auth_time` is in whole seconds (section 2), and what is too old is a sign-in of before."""
    if not isinstance(auth_time, int | float) or isinstance(auth_time, bool):
        raise InvalidIdToken("no_auth_time")
    if not since - FRESH_LEEWAY_S <= auth_time < now + LEEWAY_S:
        raise InvalidIdToken("not_signed_in_anew")


def _subject(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_SUBJECT_CHARACTERS:
        raise InvalidIdToken("invalid_subject")
    return value


def _email(members: Any) -> str:
    email = members.get("email")
    if not isinstance(email, str) or members.get("email_verified") is not True:
        raise InvalidIdToken("email_not_verified")
    try:
        return parse_email(email)
    except ValueError:
        raise InvalidIdToken("invalid_email") from None
