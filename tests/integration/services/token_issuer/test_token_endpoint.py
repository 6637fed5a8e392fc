"""A table of requests to the token endpoints: the response to each, in the words of RFC 6749."""

import base64
import re
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest

from services.token_issuer.grants.jwt_bearer import GRANT_TYPE as JWT_BEARER
from shared.opaque import API_CLIENT_KEY, API_CLIENT_SECRET, mint, public_id
from tests.support.harness.token_issuer import Issuer, basic

GRANT = "grant_type=client_credentials"
AUTH, IAM, OAUTH2 = "/auth/token", "/iam/oauth/token", "/oauth2/token"
JWT_TYPE = quote("urn:ietf:params:oauth:client-assertion-type:jwt-bearer", safe="")
BEARER = "grant_type=" + quote(JWT_BEARER, safe="")
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")
MISSING = "-"
"""In place of a header that is not to be sent."""


def b64(text: str | bytes) -> str:
    return "Basic " + base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


@dataclass(frozen=True)
class Case:
    """`$KEY`, `$SECRET`, `$ASSERTION` and `$BASIC` stand for the valid ones, in body and headers."""

    name: str
    status: int
    error: str = ""
    body: str | bytes = GRANT
    path: str = AUTH
    authorization: str = "$BASIC"
    content_type: str = FORM
    method: str = "POST"
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def ok(name: str, **rest: str | bytes) -> Case:
    return Case(name, 200, **rest)  # type: ignore[arg-type]


def bad(name: str, error: str, **rest: str | bytes) -> Case:
    return Case(name, 401 if error == "invalid_client" else 400, error, **rest)  # type: ignore[arg-type]


def post(name: str, error: str = "", *, body: str) -> Case:
    """At the standard endpoint, with credentials in the body."""
    status = 200 if not error else 401 if error == "invalid_client" else 400
    return Case(name, status, error, body, OAUTH2, MISSING)


CASES = [
    # the seed's protocol
    ok("plain"),
    ok("a space before the grant type", body="grant_type= client_credentials"),
    ok("an encoded space before the grant type", body="grant_type=+client_credentials"),
    ok("a charset", content_type=FORM + "; charset=utf-8"),
    ok("content type in capitals", content_type=FORM.upper()),
    ok("an unknown parameter", body=GRANT + "&resource=x"),
    ok("an empty scope is as omitted", body=GRANT + "&scope="),
    ok("an empty client_secret is as omitted", body=GRANT + "&client_secret="),
    ok("a scope that is granted", body=GRANT + "&scope=site:read"),
    ok("client_id that agrees", body=GRANT + "&client_id=$KEY"),
    ok("basic in lower case", authorization="basic $PAIR"),
    ok("basic in capitals", authorization="BASIC $PAIR"),
    ok("an unknown query parameter", query="?trace=1"),
    # the grant
    bad("no grant type", "invalid_request", body="scope=site:read"),
    bad("an empty body", "invalid_request", body=""),
    bad("an empty grant type", "invalid_request", body="grant_type="),
    bad("a blank grant type", "invalid_request", body="grant_type=+"),
    bad("password", "unsupported_grant_type", body="grant_type=password&username=a&password=b"),
    bad("authorization code", "unsupported_grant_type", body="grant_type=authorization_code&code=x"),
    bad("refresh token", "unsupported_grant_type", body="grant_type=refresh_token&refresh_token=x"),
    bad("the grant type in capitals", "unsupported_grant_type", body="grant_type=CLIENT_CREDENTIALS"),
    bad("assertions elsewhere", "unsupported_grant_type", body=BEARER + "&assertion=$ASSERTION"),
    bad("grant type twice", "invalid_request", body=GRANT + "&" + GRANT),
    bad("grant type with NUL", "unsupported_grant_type", body=GRANT + "%00"),
    bad(
        "spaced grant type at the standard endpoint",
        "unsupported_grant_type",
        path=OAUTH2,
        body="grant_type=+client_credentials",
    ),
    # the client
    bad("no authorization", "invalid_client", authorization=MISSING),
    bad("an empty authorization", "invalid_client", authorization=""),
    bad("basic alone", "invalid_client", authorization="Basic"),
    bad("bearer", "invalid_client", authorization="Bearer abc"),
    bad("digest", "invalid_client", authorization='Digest username="x"'),
    bad("no colon", "invalid_client", authorization=b64("nocolon")),
    bad("no secret", "invalid_client", authorization=b64("x:")),
    bad("no name", "invalid_client", authorization=b64(":x")),
    bad("a colon alone", "invalid_client", authorization=b64(":")),
    bad("bad base64", "invalid_client", authorization="Basic !!!!"),
    bad("half a base64 group", "invalid_client", authorization="Basic abcde"),
    bad("base64 in two words", "invalid_client", authorization="Basic YTpi YTpi"),
    bad("bad UTF-8", "invalid_client", authorization=b64(b"\xff\xfe:\xff")),
    bad("bad percent-encoded UTF-8", "invalid_client", authorization=b64("%ff:%fe")),
    bad("NUL", "invalid_client", authorization=b64("a\0b:c\0d")),
    bad("5 kB", "invalid_client", authorization=b64("a" * 2500 + ":" + "b" * 2500)),
    bad("an unknown client", "invalid_client", authorization=b64(f"{public_id(API_CLIENT_KEY)}:x")),
    bad("a wrong secret", "invalid_client", authorization=b64("$KEY:" + mint(API_CLIENT_SECRET))),
    bad("the secret cut short", "invalid_client", authorization=b64("$KEY:pgcs_")),
    bad("the secret as the name", "invalid_client", authorization=b64("$SECRET:$KEY")),
    bad("SQL for a name", "invalid_client", authorization=b64("' OR 1=1 --:x")),
    bad("a path for a name", "invalid_client", authorization=b64("../../admin:x")),
    bad("a secret in the body too", "invalid_request", body=GRANT + "&client_secret=$SECRET"),
    bad("client_id that disagrees", "invalid_request", body=GRANT + "&client_id=pgck_other"),
    bad(
        "an assertion too",
        "invalid_request",
        body=GRANT + f"&client_assertion_type={JWT_TYPE}&client_assertion=x",
    ),
    bad(
        "body credentials where only Basic is",
        "invalid_client",
        authorization=MISSING,
        body=GRANT + "&client_id=$KEY&client_secret=$SECRET",
    ),
    # the standard endpoint
    ok("standard, by Basic", path=OAUTH2),
    post("standard, by post", body=GRANT + "&client_id=$KEY&client_secret=$SECRET"),
    post("wrong secret by post", "invalid_client", body=GRANT + "&client_id=$KEY&client_secret=x"),
    post("secret without an id", "invalid_client", body=GRANT + "&client_secret=$SECRET"),
    post("id without a secret", "invalid_client", body=GRANT + "&client_id=$KEY"),
    post("nothing", "invalid_client", body=GRANT),
    post(
        "client_id twice",
        "invalid_request",
        body=GRANT + "&client_id=$KEY&client_id=$KEY&client_secret=$SECRET",
    ),
    post(
        "client_secret twice",
        "invalid_request",
        body=GRANT + "&client_id=$KEY&client_secret=$SECRET&client_secret=$SECRET",
    ),
    post("assertion of no type", "invalid_client", body=GRANT + "&client_assertion=x"),
    post("assertion type alone", "invalid_client", body=GRANT + f"&client_assertion_type={JWT_TYPE}"),
    post(
        "assertion of another type",
        "invalid_client",
        body=GRANT + "&client_assertion=x&client_assertion_type=saml2",
    ),
    post(
        "assertion that is no JWT",
        "invalid_client",
        body=GRANT + f"&client_assertion=x&client_assertion_type={JWT_TYPE}",
    ),
    post("a grant without its assertion", "invalid_request", body=BEARER),
    post("a grant with a bad assertion", "invalid_grant", body=BEARER + "&assertion=x"),
    post("a grant with an assertion for elsewhere", "", body=BEARER + "&assertion=$ASSERTION"),
    # scopes
    bad("a scope that is not granted", "invalid_scope", body=GRANT + "&scope=site:write"),
    bad("one of two not granted", "invalid_scope", body=GRANT + "&scope=site:read+site:write"),
    bad("a wildcard that is not granted", "invalid_scope", body=GRANT + "&scope=*"),
    bad("an ill-formed scope", "invalid_scope", body=GRANT + "&scope=%22x%22"),
    bad("a scope with NUL", "invalid_scope", body=GRANT + "&scope=site:read%00"),
    bad("two spaces between scopes", "invalid_scope", body=GRANT + "&scope=site:read++site:read"),
    bad("5,000 scopes", "invalid_scope", body=GRANT + "&scope=" + "+".join(["site:read"] * 5000)),
    bad("scope twice", "invalid_request", body=GRANT + "&scope=site:read&scope=site:read"),
    # the request
    bad("credentials in the query", "invalid_request", query="?client_id=$KEY&client_secret=$SECRET"),
    bad("the grant in the query", "invalid_request", query="?grant_type=client_credentials", body=""),
    bad("a secret in the query beside a valid body", "invalid_request", query="?client_secret="),
    bad("a secret in the query, in capitals", "invalid_request", query="?CLIENT_SECRET=x"),
    bad("no content type", "invalid_request", content_type=MISSING),
    bad("plain text", "invalid_request", content_type="text/plain"),
    bad("multipart", "invalid_request", content_type="multipart/form-data; boundary=x"),
    bad("JSON", "invalid_request", content_type=JSON, body='{"grant_type":"client_credentials"}'),
    bad("a body that is not ASCII", "invalid_request", body=b"grant_type=client_credentials&x=\xff"),
    bad("a parameter that is not UTF-8", "invalid_request", body=GRANT + "&x=%ff"),
    bad("20,000 parameters", "invalid_request", body=GRANT + "&a=1" * 15_000),
    Case("2 MB", 413, "invalid_request", GRANT + "&x=" + "a" * 2_000_000),
    Case("2 MB of parameters", 413, "invalid_request", GRANT + "&aaaa=b" * 300_000),
    *(
        Case(method, 405, "invalid_request", "", method=method)
        for method in ("GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
    ),
    *(
        Case(f"GET {path}", 405, "invalid_request", "", path, method="GET")
        for path in (IAM, OAUTH2, "/oauth2/introspect", "/oauth2/revoke")
    ),
    # assertions, form and JSON
    ok("an assertion", path=IAM, authorization=MISSING, body=BEARER + "&assertion=$ASSERTION"),
    ok(
        "an assertion in JSON",
        path=IAM,
        authorization=MISSING,
        content_type=JSON,
        body=f'{{"grant_type":"{JWT_BEARER}","assertion":"$ASSERTION","more":[1]}}',
    ),
    ok(
        "JSON with empty members",
        path=IAM,
        authorization=MISSING,
        content_type=JSON,
        body=f'{{"grant_type":"{JWT_BEARER}","assertion":"$ASSERTION","scope":"","client_id":null}}',
    ),
    bad("client credentials at the assertion endpoint", "unsupported_grant_type", path=IAM),
    bad(
        "JSON with a member twice",
        "invalid_request",
        path=IAM,
        content_type=JSON,
        body='{"grant_type":"a","grant_type":"b"}',
    ),
    bad("JSON that is a list", "invalid_request", path=IAM, content_type=JSON, body="[]"),
    bad("JSON that is cut off", "invalid_request", path=IAM, content_type=JSON, body='{"grant_type":'),
    bad("JSON of great depth", "invalid_request", path=IAM, content_type=JSON, body="[" * 60_000),
    bad(
        "JSON with a number for the assertion",
        "invalid_request",
        path=IAM,
        content_type=JSON,
        body=f'{{"grant_type":"{JWT_BEARER}","assertion":1}}',
    ),
    bad(
        "JSON with a list for the grant type",
        "invalid_request",
        path=IAM,
        content_type=JSON,
        body='{"grant_type":["x"]}',
    ),
    bad(
        "JSON in UTF-16", "invalid_request", path=IAM, content_type=JSON, body='{"grant_type":"x"}'.encode("utf-16")
    ),
    bad(
        "an assertion twice",
        "invalid_request",
        path=IAM,
        authorization=MISSING,
        body=BEARER + "&assertion=a&assertion=b",
    ),
    bad("no assertion", "invalid_request", path=IAM, authorization=MISSING, body=BEARER),
    bad(
        "a wrong client beside a valid assertion",
        "invalid_client",
        path=IAM,
        authorization=b64("x:y"),
        body=BEARER + "&assertion=$ASSERTION",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_each_request_gets_the_response_of_the_rfc(shared_issuer: Issuer, case: Case) -> None:
    issuer = shared_issuer
    substitutes = {
        "$KEY": issuer.client.key,
        "$SECRET": issuer.secret,
        "$ASSERTION": issuer.assertion(),
        "$BASIC": issuer.basic,
        "$PAIR": issuer.basic.partition(" ")[2],
    }

    def filled(text: str) -> str:
        if text.startswith("Basic ") and "$" not in text:
            try:
                return b64(filled(base64.b64decode(text[6:], validate=True).decode()))
            except ValueError:
                return text
        for name, value in substitutes.items():
            text = text.replace(name, value)
        return text

    body = case.body if isinstance(case.body, bytes) else filled(case.body).encode()
    headers = {"Authorization": filled(case.authorization), "Content-Type": case.content_type, **case.headers}
    sent = {name: value for name, value in headers.items() if value != MISSING}
    target = issuer.url + case.path + filled(case.query)
    skip = () if "Content-Type" in sent else ("Content-Type",)
    async with issuer.http.request(
        case.method, target, data=body, headers=sent, skip_auto_headers=skip
    ) as response:
        raw = await response.read()
        assert response.status == case.status, raw[:300]
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Pragma"] == "no-cache"
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"
        assert not {"Server", "Access-Control-Allow-Origin"} & set(response.headers)
        if case.status == 405:
            assert response.headers["Allow"] == "POST"
        assert ("WWW-Authenticate" in response.headers) == (case.status == 401)
        if case.method == "HEAD":
            return
        value = await response.json()
    if case.status == 200:
        assert value["expires_in"] == 3600
        assert value["token_type"] == ("JWT" if case.path == AUTH else "Bearer")
        assert ("scope" in value) == (case.path != AUTH)
        return
    assert set(value) == {"error", "error_description", "error_uri"}
    assert value["error_uri"].endswith(f"/.well-known/passgate/errors/{value['error']}")
    assert value["error"] == case.error
    assert DESCRIPTION.fullmatch(value["error_description"])
    assert len(raw) < 400


async def test_authorization_twice_is_refused(shared_issuer: Issuer) -> None:
    issuer = shared_issuer
    headers = [("Authorization", issuer.basic), ("Authorization", issuer.basic), ("Content-Type", FORM)]
    async with issuer.http.post(issuer.url + AUTH, data=GRANT, headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["error"] == "invalid_request"


async def test_unknown_client_and_wrong_secret_get_the_same_bytes(shared_issuer: Issuer) -> None:
    issuer, secret = shared_issuer, mint(API_CLIENT_SECRET)
    responses = []
    for name in (issuer.client.key, public_id(API_CLIENT_KEY), "junk"):
        response, value = await issuer.post(
            AUTH, GRANT, authorization=basic(name, secret), x_request_id="same-for-all"
        )
        headers = {k: v for k, v in response.headers.items() if k != "Date"}
        responses.append((response.status, headers, value))
    assert responses[0] == responses[1] == responses[2]


async def test_percent_encoded_basic_credentials_are_decoded(shared_issuer: Issuer) -> None:
    issuer = shared_issuer
    encoded = basic("".join(f"%{ord(c):02x}" for c in issuer.client.key), issuer.secret.replace("_", "%5F"))
    response, _ = await issuer.post(AUTH, GRANT, authorization=encoded)
    assert response.status == 200
