"""OAuth 2.0 client credentials through the gateway: the token, what it says, and every way not to get one."""

import re
import time
from typing import Any

import jwt
import pytest

from tests.e2e.partners import JWT_BEARER, Admin, Partner
from tests.e2e.protocols.rows import Row
from tests.e2e.wire import FORM, JSON, Fields, basic, call
from tests.support.harness.stack import Stack

AUTH, STANDARD, INTROSPECT, REVOKE = "/auth/token", "/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"
VALID = "grant_type=client_credentials"
CLIENT = {**FORM, "Authorization": "$basic"}
CHALLENGE = 'Basic realm="passgate"'
DESCRIPTION = r"[ !#-\[\]-~]+"
"""RFC 6749 section 5.2: what an error_description may hold."""


def refused(error: str) -> re.Pattern[str]:
    return re.compile(rf'\{{"error":"{error}","error_description":"{DESCRIPTION}","error_uri":"[^"]+/{error}"\}}')


def bad(
    name: str, error: str, body: str | bytes, target: str = AUTH, headers: Fields = CLIENT, status: int = 400
) -> Row:
    return Row(name, status, refused(error), "POST", target, headers, body, {"WWW-Authenticate": None})


def stranger(name: str, headers: Fields = (), body: str = VALID, target: str = AUTH) -> Row:
    pairs = headers.items() if isinstance(headers, dict) else headers
    given = [*FORM.items(), *pairs]
    return Row(name, 401, refused("invalid_client"), "POST", target, given, body, {"WWW-Authenticate": CHALLENGE})


def wrong_method(method: str, target: str) -> Row:
    response = {"error": "invalid_request", "error_description": "use POST"}
    return Row(f"{method} {target}", 405, response, method, target, fields={"Allow": "POST"})


ROWS = [
    stranger("no client"),
    stranger("an unknown client", basic("pgck_" + "0" * 22, "x")),
    stranger("a wrong secret", {"Authorization": "$wrong_secret"}),
    stranger("a revoked client", {"Authorization": "$revoked"}),
    stranger("a suspended client", {"Authorization": "$suspended"}),
    stranger("no base64", {"Authorization": "Basic ###"}),
    stranger("no colon", {"Authorization": "Basic YWJj"}),
    stranger("another scheme", {"Authorization": "Bearer x"}),
    stranger("in the body, where only Basic is taken", body=VALID + "&client_id=$key&client_secret=$secret"),
    stranger("an empty secret", {"Authorization": "$no_secret"}),
    stranger("a wrong secret, by the RFCs", body=VALID + "&client_id=$key&client_secret=x", target=STANDARD),
    stranger("no client, to introspect", body="token=x", target=INTROSPECT),
    stranger("no client, to revoke", body="token=x", target=REVOKE),
    bad("no grant type", "invalid_request", "scope=site:read"),
    bad("an empty grant type", "invalid_request", "grant_type="),
    bad("another grant", "unsupported_grant_type", "grant_type=password"),
    bad("an assertion where secrets are taken", "unsupported_grant_type", f"grant_type={JWT_BEARER}&assertion=x"),
    bad("a padded grant, by the RFCs", "unsupported_grant_type", "grant_type= client_credentials", STANDARD),
    bad("the grant twice", "invalid_request", f"{VALID}&{VALID}"),
    bad("two ways to prove oneself", "invalid_request", VALID + "&client_secret=x", STANDARD),
    bad("two clients", "invalid_request", VALID + "&client_id=other", STANDARD),
    bad("a scope that is not granted", "invalid_scope", VALID + "&scope=site:write"),
    bad("an ill-formed scope", "invalid_scope", VALID + "&scope=%22"),
    bad("5,000 scopes", "invalid_scope", VALID + "&scope=" + "+".join(["site:read"] * 5000)),
    bad("credentials in the query", "invalid_request", VALID, AUTH + "?client_secret=x"),
    bad("JSON", "invalid_request", '{"grant_type":"client_credentials"}', AUTH, {**CLIENT, **JSON}),
    bad("no content type", "invalid_request", VALID, AUTH, {"Authorization": "$basic"}),
    bad("no UTF-8", "invalid_request", VALID + "&x=%ff"),
    bad("no token to introspect", "invalid_request", "x=y", INTROSPECT),
    bad("no token to revoke", "invalid_request", "x=y", REVOKE),
    bad("too large", "invalid_request", VALID + "&x=" + "x" * 70_000, status=413),
    *(wrong_method(method, AUTH) for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS")),
    *(wrong_method("GET", target) for target in (STANDARD, INTROSPECT, REVOKE)),
]


@pytest.fixture(scope="module")
def values(admin: Admin, partner: Partner) -> dict[str, str]:
    def another(operation: str) -> str:
        client = admin.create(
            "/api-clients", company_id=partner.company["id"], comment=operation, scopes=["site:read"]
        )
        assert admin.act(operation, "/api-clients", client["id"]).status == 200
        return basic(client["key"], client["secret"])["Authorization"]

    key = partner.api_client["key"]
    return {
        "basic": partner.basic["Authorization"],
        "wrong_secret": basic(key, "wrong")["Authorization"],
        "no_secret": basic(key, "")["Authorization"],
        "revoked": another("revoke"),
        "suspended": another("suspend"),
        "key": key,
        "secret": partner.api_client["secret"],
    }


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_each_bad_request_gets_the_response_of_the_rfc(partner: Partner, values: dict[str, str], row: Row) -> None:
    reply = row.send(partner.gateway, values)
    common = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "Pragma": "no-cache"}
    row.check(reply, **common, **{"Access-Control-Allow-Origin": None})
    assert values["secret"] not in reply.text


def decoded(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


def test_the_token_is_what_the_contract_says(stack: Stack, partner: Partner) -> None:
    reply = partner.request_token()
    assert reply.status == 200
    assert reply.header("Content-Type") == "application/json; charset=utf-8"
    assert reply.header("Cache-Control") == "no-store"
    assert reply.header("Pragma") == "no-cache"
    token = reply.json().pop("access_token")
    assert {**reply.json(), "access_token": ""} == {"access_token": "", "token_type": "JWT", "expires_in": 3600}
    header, claims = decoded(token)
    assert set(header) == {"alg", "typ", "kid"}
    assert (header["alg"], header["typ"]) == ("RS384", "JWT")
    assert len(token.rpartition(".")[2]) == 512, "384 bytes of signature"
    assert claims["iss"] == stack.gateway
    assert claims["sub"] == f"{partner.prefix}:{partner.api_client['key']}"
    assert claims["aud"] == "passgate"
    assert claims["client_id"] == partner.api_client["key"]
    assert claims["scope"] == "site:read"
    assert claims["exp"] - claims["iat"] == 3600
    assert abs(claims["iat"] - time.time()) < 5
    assert decoded(partner.client_token())[1]["jti"] != claims["jti"]


def test_the_standard_endpoint_gives_rfc_9068_tokens(partner: Partner) -> None:
    response = partner.request_token(STANDARD, VALID + "&scope=site:read").json()
    assert (response["token_type"], response["scope"]) == ("Bearer", "site:read")
    assert decoded(response["access_token"])[0]["typ"] == "at+jwt"
    assert partner.site(response["access_token"]).status == 200


def test_an_api_client_with_an_audience_of_its_own_is_not_let_in_here(admin: Admin, partner: Partner) -> None:
    members = {"comment": "elsewhere", "scopes": ["site:read"], "audience": "2091"}
    client = admin.create("/api-clients", company_id=partner.company["id"], **members)
    reply = call("POST", partner.gateway + AUTH, {**FORM, **basic(client["key"], client["secret"])}, VALID)
    token = reply.json()["access_token"]
    assert decoded(token)[1]["aud"] == "2091"
    assert partner.site(token).status == 401


def test_a_revoked_token_is_told_as_revoked_whoever_asks_again(partner: Partner) -> None:
    token = partner.client_token()
    for _ in range(2):
        reply = call("POST", partner.gateway + REVOKE, {**FORM, **partner.basic}, f"token={token}")
        assert (reply.status, reply.body) == (200, b"")
    reply = call("POST", partner.gateway + REVOKE, {**FORM, **partner.basic}, "token=junk")
    assert (reply.status, reply.body) == (200, b""), "RFC 7009 section 2.2"


def test_ten_wrong_secrets_in_a_minute_stop_that_client_from_there_and_no_other(
    admin: Admin, partner: Partner
) -> None:
    client = admin.create("/api-clients", company_id=partner.company["id"], comment="guessed", scopes=["site:read"])
    wrong = {**FORM, **basic(client["key"], "wrong")}
    statuses = [call("POST", partner.gateway + AUTH, wrong, VALID).status for _ in range(10)]
    assert statuses == [401] * 10
    stopped = call("POST", partner.gateway + AUTH, {**FORM, **basic(client["key"], client["secret"])}, VALID)
    assert stopped.status == 429
    assert 1 <= int(stopped.header("Retry-After") or 0) <= 60
    assert stopped.json()["error"]
    assert partner.request_token().status == 200
