"""OAuth 2.0 JWT assertions through the gateway: what a partner is told to correct, and what a stranger is not."""

import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.e2e.partners import JWT_BEARER, Admin, Partner
from tests.e2e.protocols.rows import Row
from tests.e2e.wire import FORM, JSON, call

PATH = "/iam/oauth/token"
EXCHANGE = f"grant_type={JWT_BEARER}&assertion="


def other_key() -> str:
    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def now(seconds: int = 0) -> int:
    return int(time.time()) + seconds


Make = Callable[[Partner], str]


def case(error: str, description: str, make: Make, name: str) -> Any:
    return pytest.param(error, description, make, id=name)


CASES = [
    case("invalid_grant", "exp is 7200 s after iat; at most 3600 s is allowed",
         lambda p: p.assertion(exp=now(7200), iat=now()), "two hours"),
    case("invalid_grant", "exp", lambda p: p.assertion(exp=now(-60), iat=now(-120)), "expired"),
    case("invalid_grant", "exp", lambda p: p.assertion(exp=None), "no exp"),
    case("invalid_grant", "exp", lambda p: p.assertion(exp="soon"), "exp that is no number"),
    case("invalid_grant", "iat", lambda p: p.assertion(iat=None), "no iat"),
    case("invalid_grant", "iat", lambda p: p.assertion(iat=now(120), exp=now(300)), "from the future"),
    case("invalid_grant", "nbf", lambda p: p.assertion(nbf=now(120)), "not yet"),
    case("invalid_grant", "aud", lambda p: p.assertion(aud="elsewhere"), "for another audience"),
    case("invalid_grant", "aud", lambda p: p.assertion(aud=None), "for no audience"),
    case("invalid_grant", "iss", lambda p: p.assertion(iss="https://blabla.example"), "another company's iss"),
    case("invalid_grant", "sub", lambda p: p.assertion(sub="https://blabla.example"), "another company's sub"),
    case("invalid_grant", "sub", lambda p: p.assertion(sub=None), "no sub"),
    case("invalid_scope", "scopes", lambda p: p.assertion(scopes=["website:write:*"]), "a scope not granted"),
    case("invalid_scope", "scopes", lambda p: p.assertion(scopes=["*"]), "more than granted"),
    case("invalid_scope", "scopes", lambda p: p.assertion(scopes=[1]), "scopes that are no strings"),
    case("invalid_scope", "scope", lambda p: p.assertion(scopes=None, scope='"'), "an ill-formed scope"),
]  # fmt: skip


def forged(partner: Partner, algorithm: str, key: str) -> str:
    claims = jwt.decode(partner.assertion(), options={"verify_signature": False})
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": partner.key_pair["kid"]})


FORGED = [
    pytest.param(lambda p: p.assertion(headers={"kid": "kp_" + "0" * 22}), id="an unknown kid"),
    pytest.param(lambda p: p.assertion(key=other_key()), id="another key"),
    pytest.param(lambda p: p.assertion(headers={"kid": "unlike any"}), id="an odd kid"),
    pytest.param(lambda p: p.assertion()[:-8] + "AAAAAAAA", id="a broken signature"),
    pytest.param(lambda p: p.assertion().rpartition(".")[0] + ".", id="no signature"),
    pytest.param(lambda p: forged(p, "none", ""), id="alg none"),
    pytest.param(lambda p: forged(p, "HS256", p.key_pair["private_key"].encode().hex()), id="alg HS256"),
    pytest.param(lambda p: "junk", id="junk"),
    pytest.param(lambda p: "a.b.c", id="three bits of junk"),
]


@pytest.mark.parametrize(("error", "description", "make"), CASES)
def test_the_partner_is_told_what_to_mend(partner: Partner, error: str, description: str, make: Make) -> None:
    reply = partner.exchange(make(partner))
    assert reply.status == 400, reply.text
    assert reply.json()["error"] == error
    assert reply.json()["error_description"].startswith(description), reply.text
    assert (reply.header("Cache-Control"), reply.header("Pragma")) == ("no-store", "no-cache")


@pytest.mark.parametrize("make", FORGED)
def test_a_forged_assertion_is_refused(partner: Partner, make: Make) -> None:
    reply = partner.exchange(make(partner))
    assert reply.status == 400
    assert reply.json()["error"] == "invalid_grant"
    assert partner.key_pair["kid"] not in reply.text


def test_a_stranger_is_not_told_what_exists(admin: Admin, partner: Partner) -> None:
    """An unknown kid, a revoked one, another key: the same bytes."""
    revoked = admin.create(
        "/key-pairs", company_id=partner.company["id"], scopes=["website:read:*"], algorithm="ES256"
    )
    assert admin.act("revoke", "/key-pairs", revoked["id"]).status == 200
    replies = [
        partner.exchange(partner.assertion(headers={"kid": "kp_" + "0" * 22})),
        partner.exchange(partner.assertion(headers={"kid": revoked["kid"]}, key=revoked["private_key"])),
        partner.exchange(partner.assertion(key=other_key())),
    ]
    assert len({(reply.status, reply.body) for reply in replies}) == 1, [reply.text for reply in replies]


ROWS = [
    Row("GET", 405, {"error": "invalid_request", "error_description": "use POST"}, "GET", PATH,
        fields={"Allow": "POST"}),
    Row("no assertion", 400, {"error": "invalid_request", "error_description": "assertion is missing"}, "POST",
        PATH, FORM, EXCHANGE),
    Row("another grant", 400,
        {"error": "unsupported_grant_type", "error_description": f"grant_type must be {JWT_BEARER}"}, "POST", PATH,
        FORM, "grant_type=client_credentials"),
    Row("a list", 400, {"error": "invalid_request", "error_description": "the body must be a JSON object"}, "POST",
        PATH, JSON, "[]"),
    Row("a number", 400, {"error": "invalid_request", "error_description": "assertion is not a string"}, "POST",
        PATH, JSON, json.dumps({"grant_type": JWT_BEARER, "assertion": 1})),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_each_bad_request_gets_the_response_of_the_rfc(partner: Partner, row: Row) -> None:
    row.check(row.send(partner.gateway, {}), **{"Cache-Control": "no-store", "Pragma": "no-cache"})


def test_an_assertion_gets_a_token_whose_claims_name_company_and_key(partner: Partner) -> None:
    reply = partner.exchange(partner.assertion())
    assert reply.status == 200
    response = reply.json()
    assert set(response) == {"access_token", "token_type", "expires_in", "scope"}
    assert (response["token_type"], response["scope"]) == ("Bearer", "website:read:*")
    assert response["expires_in"] <= 3600
    claims = jwt.decode(response["access_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["client_id"], claims["key_id"]) == (
        partner.uri,
        partner.uri,
        partner.key_pair["kid"],
    )
    caller = partner.yachts(response["access_token"]).json()["caller"]
    assert (caller["company"], caller["credential_kind"]) == (partner.prefix, "key_pair")


@pytest.mark.parametrize(
    "claims",
    [
        lambda: {"scopes": ["website:read:yachts"]},
        lambda: {"scopes": None, "scope": "website:read:yachts website:read:crew"},
        lambda: {"aud": ["elsewhere", "ankor.io"]},
        lambda: {"exp": now(3500), "iat": now()},
        lambda: {"iat": now(8), "exp": now(300)},
        lambda: {"jti": None},
    ],
    ids=["scopes", "scope", "several audiences", "nearly an hour", "eight seconds of skew", "no jti"],
)
def test_what_the_contract_allows_is_accepted(partner: Partner, claims: Callable[[], dict[str, Any]]) -> None:
    reply = partner.exchange(partner.assertion(**claims()))
    assert reply.status == 200, reply.text
    assert partner.yachts(reply.json()["access_token"]).status == 200


def test_the_issuers_own_url_is_an_audience(partner: Partner) -> None:
    for audience in (partner.gateway, partner.gateway + PATH):
        assert partner.exchange(partner.assertion(aud=audience)).status == 200


def test_a_jti_works_once_and_after_a_refusal_that_was_mended(partner: Partner) -> None:
    assert partner.exchange(partner.assertion(jti="one", aud="elsewhere")).status == 400
    assertion = partner.assertion(jti="one")
    assert partner.exchange(assertion).status == 200
    again = partner.exchange(assertion)
    assert again.status == 400
    assert again.json()["error"] == "invalid_grant"
    assert again.json()["error_description"] == "jti was used before; sign a new assertion"
    assert partner.exchange(partner.assertion(jti="two")).status == 200


def test_a_scope_outside_the_route_gets_a_token_and_no_further(partner: Partner) -> None:
    token = partner.exchange(partner.assertion(scopes=["website:read:crew"])).json()["access_token"]
    reply = call("GET", f"{partner.gateway}/website/v1/yachts", {"Authorization": f"Bearer {token}"})
    assert reply.status == 403
    assert reply.header("WWW-Authenticate") == 'Bearer error="insufficient_scope", scope="website:read:yachts"'
