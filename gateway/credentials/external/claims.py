"""Who calls, by the claims of another issuer's token: an identity that is never one of Passgate's own.

Whatever identifies the caller is `<name of the issuer>|<value>`: no prefix of a company, no key of a client and no
kid holds `|`, and a company's URI holds one only after a colon or a slash, which no name of an issuer has.
"""

from collections.abc import Mapping
from typing import Any

from gateway.credentials.identity import Identity
from gateway.routing.issuers.settings import ClaimSource, Constant, IssuerSettings
from shared.identifiers import CLAIM
from shared.jose.errors import Fault, InvalidToken
from shared.jose.verifier import Claims, Expectation
from shared.scopes import InvalidScope, parse_scope

KIND = "external_token"
CONFIRMATION = "cnf"
"""The claim that binds a token to a key of its holder (RFC 7800): such a token is no bearer token."""


def expectation(settings: IssuerSettings) -> Expectation:
    """What `check_claims` must find. Tokens of some issuers have no `typ`, and few tokens have an `iat`."""
    return Expectation(issuers=frozenset({settings.issuer}), audiences=settings.audiences)


def identity_of(settings: IssuerSettings, claims: Claims) -> Identity:
    """From claims that are valid by `expectation`. Raises `InvalidToken`."""
    if CONFIRMATION in claims.members:
        raise InvalidToken(Fault.WRONG_TYPE, "cnf is not supported: the token is bound to a key")
    mapping, members = settings.claims, claims.members
    subject = _text(mapping.subject, members, "the subject")
    client = subject if mapping.client is None else _text(mapping.client, members, "the client")
    company = _text(mapping.company, members, "the company")
    return Identity(
        kind=KIND,
        company=f"{settings.name}|{company}",
        credential=f"{settings.name}|{client}",
        subject=f"{settings.name}|{subject}",
        company_id="",
        scopes=_scopes(mapping.scopes, members),
        expires_at=claims.expires_at,
        issuer=settings.name,
    )


def _value(source: ClaimSource, members: Mapping[str, Any]) -> object:
    """None where there is no such claim."""
    if isinstance(source, Constant):
        return source.value
    value: object = members
    for name in source.members:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _text(source: ClaimSource, members: Mapping[str, Any], what: str) -> str:
    value = _value(source, members)
    if value is None:
        raise InvalidToken(Fault.MISSING_CLAIM, f"the claim for {what} is missing")
    if not isinstance(value, str) or CLAIM.fullmatch(value) is None:
        raise InvalidToken(Fault.INVALID_CLAIM, f"the claim for {what} must be printable ASCII without blanks")
    return value


def _scopes(source: ClaimSource, members: Mapping[str, Any]) -> tuple[str, ...]:
    """Those that a route could require: what has another form is left out, and so is a wildcard.

    `*` in a scope is a rule of Passgate's, and it may mean anything, or nothing, to another issuer.
    """
    value = _value(source, members)
    entries = value.split(" ") if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(dict.fromkeys(entry for entry in entries if isinstance(entry, str) and _is_plain(entry)))


def _is_plain(scope: str) -> bool:
    try:
        return "*" not in parse_scope(scope)
    except InvalidScope:
        return False
