"""What the issuer writes into an access token is what a verifier reads from it."""

from dataclasses import replace
from typing import Any

import pytest

from shared.contracts.access_token import (
    MAX_ACCESS_TOKEN_LIFETIME_S,
    MAX_DEPENDENCIES,
    AccessTokenClaims,
    expectation,
)
from shared.jose.claims import check_claims
from shared.jose.errors import InvalidToken
from tests.support.cases import each_case

ISSUER = "https://passgate.example"
NOW = 1_800_000_000
API_CLIENT = AccessTokenClaims(
    iss=ISSUER,
    sub="blabla:pgck_1",
    aud=("passgate",),
    iat=NOW,
    exp=NOW + MAX_ACCESS_TOKEN_LIFETIME_S,
    jti="j1",
    client_id="pgck_1",
    scope="site:read site:write",
    client_prefix="blabla",
    company_id="company",
    credential_id="credential",
    credential_kind="api_client",
    depends_on=("booking", "application"),
)
KEY_PAIR = replace(
    API_CLIENT,
    sub="https://blabla.example",
    client_id="https://blabla.example",
    credential_kind="key_pair",
    key_id="kp_1",
    depends_on=(),
)


BAD_DEPENDENCIES: list[Any] = ["a", 1, None, {}, [1], [""], ["a\n"], ["a"] * (MAX_DEPENDENCIES + 1)]


def read(members: dict[str, Any]) -> AccessTokenClaims:
    return AccessTokenClaims.read(check_claims(members, expectation(ISSUER), NOW, token_type="at+jwt"))


@pytest.mark.parametrize("claims", [API_CLIENT, KEY_PAIR, replace(API_CLIENT, aud=("a", "b"), scope="")])
def test_a_verifier_reads_what_the_issuer_wrote(claims: AccessTokenClaims) -> None:
    assert read(claims.members()) == claims


def test_the_credential_is_the_client_key_or_the_kid() -> None:
    assert (API_CLIENT.credential, KEY_PAIR.credential) == ("pgck_1", "kp_1")


def test_a_token_is_stopped_by_each_object_that_it_depends_on() -> None:
    assert API_CLIENT.stopped_by == {"j1", "credential", "company", "booking", "application"}


@pytest.mark.parametrize("claims", [API_CLIENT, KEY_PAIR])
def test_a_token_of_the_first_release_is_read_as_one_of_today(claims: AccessTokenClaims) -> None:
    old = claims.members()
    del old["credential_kind"]
    old["client_id"] = old.pop("key_id", claims.client_id)
    assert read(old) == claims


@each_case(
    "changes",
    [
        {"credential_kind": "session_token"},
        {"credential_kind": None},
        {"credential_kind": ["key_pair"]},
        {"key_id": "kp_1"},
        {"key_id": None},
        {"credential_kind": "key_pair"},
        *({"credential_kind": "key_pair", "key_id": value} for value in ("", "a b", "a\n", 1, None, "x" * 65)),
        *({"depends_on": value} for value in BAD_DEPENDENCIES),
        *({"scope": value} for value in (1, None, "a\nb", "a::b")),
        *({name: "a\r\nb"} for name in ("client_id", "client_prefix", "company_id", "credential_id", "jti", "sub")),
        {"exp": NOW + MAX_ACCESS_TOKEN_LIFETIME_S + 1},
    ],
    ids=str,
)
def test_a_claim_outside_the_contract_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        read({**API_CLIENT.members(), **changes})


@pytest.mark.parametrize("name", sorted(set(API_CLIENT.members()) - {"scope", "credential_kind", "depends_on"}))
def test_a_claim_that_is_missing_is_refused(name: str) -> None:
    members = API_CLIENT.members()
    del members[name]
    with pytest.raises(InvalidToken, match=f"{name} is missing"):
        read(members)


def test_as_many_dependencies_as_the_bound_are_read() -> None:
    claims = replace(API_CLIENT, depends_on=tuple(f"id{n}" for n in range(MAX_DEPENDENCIES)))
    assert read(claims.members()) == claims
