"""The calls behind the credentials: who is let in, who is told what, and what the upstream learns of the caller."""

import json
import re
from collections.abc import Callable

import pytest

from tests.e2e.partners import MESSAGE, Admin, Partner
from tests.e2e.protocols.rows import PROBLEM, Row, problem
from tests.e2e.wire import JSON, bearer, call
from tests.support.harness.stack import Stack

SITE, YACHTS, SMS, EDITOR = "/v2.0/site", "/website/v1/yachts", "/sms/v1/messages", "/editor"
NO_CREDENTIAL = "a credential is required"
ONLY_BEARER = "the scheme of the header field Authorization must be Bearer"
NO_PREFIX = "the header field X-Client-Prefix is missing"
BAD_CREDENTIAL = problem(401, "invalid_token", "the credential is invalid")
TOO_LITTLE = "the credential lacks the scope that is needed here: "
NO_ROUTE = problem(404, "not_found", "there is no such route")
INVALID = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
API_TOKEN = {"X-Api-Token": "$api_token", "X-Client-Prefix": "$prefix"}
TWO_HEADERS = [("Authorization", "Bearer $token"), ("Authorization", "Bearer $token")]


def missing(
    name: str, target: str, headers: dict[str, str] | None = None, method: str = "GET", detail: str = NO_CREDENTIAL
) -> Row:
    body, response = MESSAGE if method == "POST" else "", problem(401, "unauthenticated", detail)
    return Row(name, 401, response, method, target, headers or {}, body, {"WWW-Authenticate": "Bearer"})


def elsewhere(place: str) -> str:
    return f"{NO_CREDENTIAL}: a bearer token (Authorization); {place} is not read here"


def refused(name: str, target: str, headers: dict[str, str] | None = None, method: str = "GET") -> Row:
    body = MESSAGE if method == "POST" else ""
    return Row(name, 401, BAD_CREDENTIAL, method, target, headers or {}, body, INVALID)


def lacking(name: str, target: str, scope: str, token: str) -> Row:
    challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
    response = problem(403, "insufficient_scope", TOO_LITTLE + scope)
    return Row(name, 403, response, "GET", target, bearer(token), fields={"WWW-Authenticate": challenge})


def nowhere(target: str, method: str = "GET") -> Row:
    return Row(f"{method} {target}", 404, NO_ROUTE, method, target, {"Authorization": "Bearer $token"})


def other_method(method: str, target: str, *allowed: str) -> Row:
    response, allow = problem(405, "method_not_allowed", f"use {' or '.join(allowed)}"), ", ".join(allowed)
    return Row(f"{method} {target}", 405, response, method, target, bearer("$token"), fields={"Allow": allow})


def malformed(name: str, target: str, headers: object = None) -> Row:
    response = re.compile(
        r'\{"type":"[^"]+/errors/malformed_\w+","title":"Bad Request",'
        r'"status":400,"code":"malformed_(request|target)".*'
    )
    return Row(name, 400, response, "GET", target, headers or bearer("$token"), fields={"Connection": "close"})  # type: ignore[arg-type]


ROWS = [
    *(missing(f"nothing, for {target}", target) for target in (SITE, YACHTS, EDITOR)),
    missing("nothing, for a message", SMS, JSON, "POST"),
    missing("another scheme", SITE, {"Authorization": "Basic YTpi"}, detail=ONLY_BEARER),
    missing("a token in the query", SITE + "?access_token=$token", detail=elsewhere("access_token in the query")),
    missing("an API token where a JWT belongs", SITE, API_TOKEN, detail=elsewhere("X-Api-Token")),
    refused("junk", SITE, bearer("junk")),
    refused("an empty bearer", SITE, {"Authorization": "Bearer "}),
    refused("two tokens in one field", SITE, {"Authorization": "Bearer $token $token"}),
    refused("a token that was changed", SITE, bearer("$changed")),
    refused("a padded token", SITE, bearer("$token==")),
    refused("an API token for a JWT", SITE, bearer("$api_token")),
    refused("an assertion for an access token", YACHTS, bearer("$assertion")),
    refused("an unknown API token", SMS, {**JSON, **API_TOKEN, "X-Api-Token": "pgat_" + "0" * 49}, "POST"),
    missing("an API token without its company", SMS, {**JSON, "X-Api-Token": "$api_token"}, "POST", NO_PREFIX),
    refused("an API token for another company", SMS, {**JSON, **API_TOKEN, "X-Client-Prefix": "blabla"}, "POST"),
    refused("another application's API token", SMS, {**JSON, **API_TOKEN, "X-Api-Token": "$site_token"}, "POST"),
    refused("an unknown session token", EDITOR + "?apitoken=00000000-0000-4000-8000-000000000000"),
    refused("junk for a session token", EDITOR + "?apitoken=junk"),
    refused("an empty session token", EDITOR + "?apitoken="),
    refused("two session tokens", EDITOR + "?apitoken=$session&apitoken=$session"),
    refused("one in the query, one in a header", EDITOR + "?apitoken=$session", {"X-Api-Token": "$session"}),
    lacking("too little for yachts", YACHTS, "website:read:yachts", "$token"),
    lacking("too little for a site", SITE, "site:read", "$assertion_token"),
    malformed("two Authorization fields", SITE, TWO_HEADERS),
    malformed("a dot segment", "/v2.0/../v2.0/site"),
    malformed("an escaped dot segment", "/v2.0/%2e%2e/v2.0/site"),
    malformed("an escaped slash", "/v2.0%2fsite"),
    malformed("a path parameter", "/v2.0/site;x=1"),
    malformed("an empty segment", "//v2.0/site"),
    other_method("POST", SITE, "GET", "HEAD"),
    other_method("DELETE", YACHTS, "GET", "HEAD"),
    other_method("GET", SMS, "POST"),
    nowhere("/"), nowhere("/v2.0"), nowhere("/v2.0/site/"), nowhere("/V2.0/site"), nowhere("/admin/v1/companies"),
    nowhere("/health"), nowhere("/health/ready"), nowhere("/metrics"), nowhere("/docs"), nowhere("/openapi.json"),
    nowhere("/internal/v1/resolve", "POST"), nowhere("/internal/v1/snapshot"), nowhere("/routes"),
]  # fmt: skip


@pytest.fixture(scope="module")
def values(admin: Admin, partner: Partner) -> dict[str, str | Callable[[], str]]:
    site = admin.find("/applications", application_prefix="SITE")
    booking = admin.create("/bookings", company_id=partner.company["id"], application_id=site["id"])
    token = partner.client_token()
    head, _, signature = token.rpartition(".")
    return {
        "token": token,
        "changed": f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}",
        "assertion_token": partner.assertion_token(),
        "assertion": partner.assertion,
        "api_token": partner.api_token["token"],
        "site_token": admin.create("/api-tokens", booking_id=booking["id"], remote_application="x")["token"],
        "prefix": partner.prefix,
        "session": partner.session,
    }


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_each_refusal_is_a_problem_with_its_challenge(
    partner: Partner, values: dict[str, str | Callable[[], str]], row: Row
) -> None:
    reply = row.send(partner.gateway, values)
    challenge = {"WWW-Authenticate": None} if row.status not in (401, 403) else {}
    row.check(reply, **{"Content-Type": PROBLEM, "Cache-Control": "no-store", **challenge})


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(partner: Partner, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {partner.client_token()}"}
    assert call("GET", partner.gateway + SITE, headers).status == 200


def test_the_upstream_learns_who_calls_by_each_credential(partner: Partner) -> None:
    site = partner.site(partner.client_token())
    key, kid = partner.api_client["key"], partner.key_pair["kid"]
    assert site.json()["caller"] == {
        "company": partner.prefix,
        "credential": key,
        "credential_kind": "api_client",
        "subject": f"{partner.prefix}:{key}",
        "scope": "site:read",
        "request_id": site.header("X-Request-Id"),
    }
    yachts = partner.yachts(partner.assertion_token()).json()["caller"]
    assert (yachts["credential"], yachts["credential_kind"], yachts["subject"]) == (kid, "key_pair", partner.uri)
    editor = partner.editor(partner.session()).json()["caller"]
    assert (editor["credential"], editor["company"]) == (partner.access_key["id"], partner.prefix)


@pytest.mark.parametrize(
    "name",
    [
        "X-Passgate-Company", "x-passgate-company", "X_Passgate_Company", "X-Passgate_Company",
        "X.Passgate.Company", "X-Passgate-Subject", "X-Passgate-Scope", "X-Passgate-Credential",
        "X-Passgate-Credential-Kind", "X-Request-Id", "X-PASSGATE-ANYTHING",
    ],
)  # fmt: skip
def test_nobody_outside_says_who_calls(partner: Partner, name: str) -> None:
    token = partner.client_token()
    for headers in (
        {**bearer(token), name: "evil"},
        {**bearer(token), name: "evil", "Connection": "X-Passgate-Company, X-Passgate-Subject"},
    ):
        reply = call("GET", partner.gateway + SITE, headers)
        assert reply.status == 200
        assert "evil" not in reply.text
        assert reply.json()["caller"]["company"] == partner.prefix


def test_gateways_own_liveness_alone_is_public(stack: Stack) -> None:
    reply = call("GET", stack.gateway + "/health/live")
    assert (reply.status, reply.body) == (200, b'{"status":"live"}')


def test_what_is_wrong_with_a_message_is_told_by_the_service_itself(partner: Partner) -> None:
    headers = {**JSON, "X-Api-Token": partner.api_token["token"], "X-Client-Prefix": partner.prefix}
    reply = call("POST", partner.gateway + SMS, headers, json.dumps({"to": "nobody", "text": ""}))
    assert reply.status == 422
    assert {error["field"] for error in reply.json()["errors"]} == {"to", "text"}
