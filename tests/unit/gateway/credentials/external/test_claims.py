"""Who calls, by another issuer's token, is never taken for one of Passgate's own."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.credentials.external.claims import identity_of
from gateway.credentials.identity import Identity
from gateway.routing.issuers.settings import ClaimMapping, ClaimPath, Constant, IssuerSettings
from services.key_registry.catalog.field_types import CompanyUri
from shared.identifiers import PREFIX
from shared.jose.errors import InvalidToken
from shared.jose.verifier import Claims
from tests.support.doubles.external_issuer import SETTINGS, claims


def identity(settings: IssuerSettings = SETTINGS, **changes: Any) -> Identity:
    members = claims(**changes)
    return identity_of(
        settings,
        Claims(
            expires_at=members["exp"],
            issued_at=members["iat"],
            issuer=members["iss"],
            subject=members.get("sub"),
            audiences=("orders",),
            jti=None,
            members=members,
        ),
    )


def mapped(**sources: Any) -> IssuerSettings:
    return replace(SETTINGS, claims=replace(SETTINGS.claims, **sources))


def test_everything_that_identifies_the_caller_begins_with_the_issuers_name() -> None:
    caller = identity()
    assert (caller.company, caller.credential, caller.subject) == ("corp|acme", "corp|user-7", "corp|user-7")
    assert (caller.kind, caller.issuer, caller.scopes) == ("external_token", "corp", ("orders:read", "openid"))
    assert caller.lines.split("\r\n")[-1] == "X-Passgate-Issuer: corp"


def test_no_name_of_passgates_own_has_that_form() -> None:
    caller = identity()
    assert PREFIX.fullmatch(caller.company) is None
    own_uri = CompanyUri.__metadata__[1].func  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="must be an http, https or urn URI"):
        own_uri(caller.subject)


def test_nothing_of_passgates_own_stops_the_caller_by_chance() -> None:
    caller = identity(jti="j1", company_id="company", credential_id="credential")
    assert (caller.depends_on, caller.company_id) == ((), "")


@pytest.mark.parametrize(
    ("sources", "changes", "company"),
    [
        ({"company": Constant("acme")}, {"org": None}, "corp|acme"),
        (
            {"company": ClaimPath(("https://corp.example/org", "id"))},
            {"https://corp.example/org": {"id": "x"}},
            "corp|x",
        ),
        ({"company": ClaimPath(("org.id",))}, {"org.id": "y"}, "corp|y"),
        ({}, {"org": {"id": "passgate|z"}}, "corp|passgate|z"),
    ],
)
def test_the_company_is_a_claim_or_a_constant(
    sources: dict[str, Any], changes: dict[str, Any], company: str
) -> None:
    assert identity(mapped(**sources), **changes).company == company


def test_the_client_may_be_a_claim_of_its_own() -> None:
    caller = identity(mapped(client=ClaimPath(("azp",))), azp="shop")
    assert (caller.credential, caller.subject) == ("corp|shop", "corp|user-7")


@pytest.mark.parametrize(
    ("value", "scopes"),
    [
        ("a b:c", ("a", "b:c")),
        (["a", "b:c", "a"], ("a", "b:c")),
        ("a  b", ("a", "b")),
        ("* a:* *:read b", ("b",)),
        (["a b", "https://x.example/y", "c", 5, None, {"a": 1}, "a\r\nX: y"], ("c",)),
        (None, ()),
        (5, ()),
        ({"a": "b"}, ()),
    ],
)
def test_scopes_are_a_string_or_a_list_of_which_what_a_route_cannot_require_is_left_out(
    value: object, scopes: tuple[str, ...]
) -> None:
    assert identity(scope=value).scopes == scopes


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": None},
        {"sub": "a b"},
        {"org": None},
        {"org": "acme"},
        {"org": ["id"]},
        {"org": {"id": 5}},
        {"org": {"id": ""}},
        {"org": {"id": "a\r\nX-Passgate-Company: b"}},
        {"org": {"id": "\xe9"}},
        {"org": {"id": "a" * 256}},
        {"cnf": {"jkt": "x"}},
    ],
)
def test_a_claim_that_cannot_be_a_header_field_and_a_token_that_is_bound_to_a_key_are_refused(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(InvalidToken):
        identity(**changes)


def test_the_mapping_has_the_usual_claims_unless_it_says_otherwise() -> None:
    mapping = ClaimMapping(company=Constant("acme"))
    assert (mapping.subject, mapping.scopes) == (ClaimPath(("sub",)), ClaimPath(("scope",)))
