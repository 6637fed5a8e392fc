"""Whatever arrives, no answer is a 5xx, slow, or tells what is inside; and wrong credentials look alike."""

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from shared.service_tokens import ServiceIdentity
from tests.e2e import hostile
from tests.e2e.partners import JWT_BEARER, OPERATOR, Admin, Partner
from tests.e2e.wire import FORM, JSON, Reply, basic, bearer, call
from tests.support.harness.stack import SERVICES, Stack

pytestmark = pytest.mark.timeout(120)

INSIDE = re.compile(
    r'traceback|file "|aiohttp|asyncpg|pydantic|orjson|hiredis|sqlalchemy|postgres|valkey|select |insert |\.py\b',
    re.I,
)
SLOW = 2.0
"""Seconds."""
AS_DESCRIBED = [content_type_conformance, response_schema_conformance]
METHODS = (
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "G E T",
    "get",
)

CLAIMS: tuple[Any, ...] = ("", "\0", "\ud800", "a" * 5000, -1, 1e308, 10**30, True, [], {}, ["\0"], [1], {"a": 1})
HALF_SENT = {
    "key_registry": "/admin/v1/companies",
    "token_issuer": "/iam/oauth/token",
    "session_tokens": "/generate",
    "operator_validator": "/operator/v1/validate",
    "sample_resources": "/sms/v1/messages",
    "gateway": "/iam/oauth/token",
    "console": "/sign-in",
}
Send = Callable[[], Reply]
Requests = Iterator[tuple[str, Send]]


def check(what: str, reply: Reply) -> None:
    assert reply.status < 500, f"{what}: {reply.status} {reply.text[:300]}"
    assert reply.seconds < SLOW, f"{what}: {reply.seconds:.1f} s"
    if reply.status >= 400:
        assert len(reply.body) < 4096, what
        assert INSIDE.search(reply.text) is None, f"{what}: {reply.text[:300]}"
        assert not reply.header("Server"), what


def check_all(requests: Requests, at_least: int) -> None:
    with ThreadPoolExecutor(4) as threads:
        responses = [(what, threads.submit(send)) for what, send in requests]
        for what, response in responses:
            check(what[:300], response.result())
    assert len(responses) >= at_least


def post(url: str, bodies: Iterable[str | bytes], headers: Mapping[str, str]) -> Requests:
    for body in bodies:
        yield f"POST {url} {body[:80]!r}", lambda body=body: call("POST", url, headers, body)  # type: ignore[misc]


def get(urls: Iterable[str], headers: Mapping[str, str] | None = None, method: str = "GET") -> Requests:
    for url in urls:
        yield f"{method} {url}", lambda url=url: call(method, url, headers or {})  # type: ignore[misc]


def with_field(method: str, url: str, name: str, headers: Mapping[str, str], body: str = "") -> Requests:
    for value in hostile.fields():
        given = {**headers, name: value}
        yield f"{name}: {value!r}", lambda given=given: call(method, url, given, body)  # type: ignore[misc]


def with_types(url: str, headers: Mapping[str, str], body: str) -> Requests:
    for value in hostile.CONTENT_TYPES:
        given = {**headers, "Content-Type": value}
        yield f"Content-Type: {value}", lambda given=given: call("POST", url, given, body)  # type: ignore[misc]


def registry(stack: Stack, partner: Partner) -> Requests:
    base, headers = f"{stack.url('key_registry')}/admin/v1", {**JSON, **bearer(stack.values["ADMIN_TOKEN"])}
    owner: dict[str, object] = {"company_id": partner.company["id"]}
    creates: dict[str, dict[str, object]] = {
        "companies": {"name": "x", "client_prefix": "y z", "company_uri": "z"},
        "applications": {"name": "x", "application_prefix": "y z", "scopes": ["a:b"]},
        "bookings": {**owner, "application_id": partner.booking["application_id"]},
        "api-tokens": {"booking_id": partner.booking["id"], "remote_application": "x", "expires_at": "2030"},
        "access-keys": {**owner, "name": "x", "default_ttl": 5, "max_ttl": 4},
        "api-clients": {**owner, "comment": "", "scopes": ["a"], "audience": "x"},
        "key-pairs": {**owner, "scopes": [], "public_key": "x", "algorithm": "ES256"},
    }
    for path, valid in creates.items():
        yield from post(f"{base}/{path}", hostile.objects(valid), headers)
    yield from post(f"{base}/companies", hostile.BODIES, headers)
    yield from with_types(f"{base}/companies", headers, "{}")
    yield from get((f"{base}/companies/{text}" for text in hostile.encoded()), headers)
    for name in ("limit", "cursor", "status", "client_prefix", "colour"):
        yield from get((f"{base}/companies?{name}={text}" for text in hostile.encoded()), headers)
    yield from get((f"{base}/audit?after={text}&request_id={text}" for text in hostile.encoded()), headers)
    yield from with_field("GET", f"{base}/companies", "Authorization", JSON)
    yield from with_field("POST", f"{base}/companies", "Idempotency-Key", headers, "{}")


def operator(_: Stack, partner: Partner) -> Requests:
    url = partner.gateway + OPERATOR
    for name in ("token", "applicaiontPrefix", "clientPrefix"):
        given = {"token": "x", "applicaiontPrefix": "SMS", "clientPrefix": "y"}
        rest = "&".join(f"{key}={value}" for key, value in given.items() if key != name)
        yield from get(f"{url}?{rest}&{name}={text}" for text in hostile.encoded())
    yield from get(f"{url}?{text}={text}" for text in hostile.encoded())
    yield from with_field("GET", f"{url}?applicationPrefix=SMS&clientPrefix=x", "X-Api-Token", {})
    url = f"{partner.gateway}/operator/v1/validate"
    valid: dict[str, object] = {"token": "x", "client_prefix": "y", "application_prefix": "z"}
    yield from post(url, hostile.objects(valid), JSON)
    yield from post(url, hostile.BODIES, JSON)


def sessions(_: Stack, partner: Partner) -> Requests:
    url, key = f"{partner.gateway}/generate", {**JSON, "x-api-key": partner.access_key["key"]}
    yield from post(url, hostile.objects({"a": 1, "auth": 2}), key)
    yield from post(url, hostile.BODIES, key)
    yield from with_types(url, key, "{}")
    for name in ("ttl", "uses"):
        for query in hostile.encoded():
            yield from post(f"{url}?{name}={query}", ["{}"], key)
    yield from with_field("POST", url, "x-api-key", JSON, "{}")
    for method in ("GET", "DELETE"):
        yield from with_field(method, f"{partner.gateway}/verify", "x-api-token", {})
    yield from get(f"{partner.gateway}/editor?apitoken={text}" for text in hostile.encoded())
    token = partner.session()
    yield from get(f"{partner.gateway}/editor?apitoken={token}&{text}={text}" for text in hostile.encoded())


def issuer(_: Stack, partner: Partner) -> Requests:
    client, grant = {**FORM, **partner.basic}, "grant_type=client_credentials"
    url = f"{partner.gateway}/auth/token"
    yield from post(url, (f"grant_type={text}" for text in hostile.encoded()), client)
    yield from with_field("POST", url, "Authorization", FORM, grant)
    for text in hostile.TEXTS:
        yield from post(url, [grant], {**FORM, **basic(text.decode("latin-1"), text.decode("latin-1"))})
    url = f"{partner.gateway}/oauth2/token"
    yield from post(url, (f"{grant}&scope={text}" for text in hostile.encoded()), client)
    yield from post(url, (f"{grant}&client_id={text}&client_secret={text}" for text in hostile.encoded()), FORM)
    url = f"{partner.gateway}/iam/oauth/token"
    yield from post(url, (f"grant_type={JWT_BEARER}&assertion={text}" for text in hostile.encoded()), FORM)
    yield from post(url, hostile.objects({"grant_type": JWT_BEARER, "assertion": "x", "scope": "y"}), JSON)
    yield from with_types(url, {}, f"grant_type={JWT_BEARER}&assertion=x")
    for path in ("/auth/token", "/iam/oauth/token", "/oauth2/introspect", "/oauth2/revoke"):
        yield from post(partner.gateway + path, hostile.BODIES, client)
    for name in ("iss", "sub", "aud", "exp", "iat", "nbf", "jti", "scopes", "scope"):
        for value in CLAIMS:
            assertion = partner.assertion(**{name: value})
            yield from post(url, [f"grant_type={JWT_BEARER}&assertion={assertion}"], FORM)


def gateway(_: Stack, partner: Partner) -> Requests:
    token = bearer(partner.client_token())
    yield from get((f"{partner.gateway}/{text}" for text in hostile.encoded()), token)
    yield from get((f"{partner.gateway}/v2.0/site?{text}={text}" for text in hostile.encoded()), token)
    for name in ("Authorization", "Cookie", "X-Forwarded-For", "X-Request-Id", "Via", "Accept-Encoding", "Range"):
        yield from with_field("GET", f"{partner.gateway}/v2.0/site", name, {**token})
    message = {**JSON, "X-Api-Token": partner.api_token["token"], "X-Client-Prefix": partner.prefix}
    url = f"{partner.gateway}/sms/v1/messages"
    for name in ("X-Api-Token", "X-Client-Prefix"):
        yield from with_field("POST", url, name, message, "{}")
    yield from post(url, hostile.objects({"to": "+4912345", "text": "x"}), message)
    yield from post(url, hostile.BODIES, message)


SURFACES = {
    "registry": registry, "operator": operator, "sessions": sessions, "issuer": issuer, "gateway": gateway,
}  # fmt: skip


@pytest.mark.parametrize("surface", SURFACES)
def test_no_hostile_value_gets_a_5xx_or_an_inside_view(stack: Stack, partner: Partner, surface: str) -> None:
    check_all(SURFACES[surface](stack, partner), at_least=300)


@pytest.mark.parametrize("name", SERVICES)
def test_every_method_on_every_path_is_below_500(stack: Stack, name: str) -> None:
    base = stack.operations_url(name)
    described = [
        path
        for document in ("openapi.json", "openapi/internal.json")
        if (found := call("GET", f"{base}/{document}")).status == 200
        for path in found.json()["paths"]
    ]
    paths = [re.sub(r"{\w+}", "00000000-0000-0000-0000-000000000000", path) for path in described]
    few = paths if len(paths) < 20 else [*paths[:6], *paths[-9:]]  # the registry's are alike
    for path in (*few, "/", "/docs", "/docs/../metrics", "/openapi.json", "/health/ready", "/nowhere"):
        for method in METHODS:
            reply = call(method, base + path)
            check(f"{method} {path}", reply)
            if reply.status == 405:
                assert reply.header("Allow"), f"{method} {path}"


def fuzz_headers(stack: Stack, partner: Partner, name: str) -> dict[str, str]:
    """Credentials with which what is generated gets past the door."""

    def service(caller: str) -> dict[str, str]:
        key: Path = stack.secrets / "service_keys" / f"{caller}.pem"
        return {"Authorization": ServiceIdentity.from_file(caller, key).authorization_for(name)()}

    token = {"X-Api-Token": partner.api_token["token"], "X-Client-Prefix": partner.prefix}
    return {
        "token_issuer": partner.basic,
        "session_tokens": {"x-api-key": partner.access_key["key"], **service("gateway")},
        "operator_validator": service("gateway"),
        "sample_resources": token,
        "gateway": {},
    }[name]


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ("key_registry", "console")])
def test_what_openapi_lets_one_make_up_gets_no_5xx_and_what_openapi_says(
    stack: Stack, partner: Partner, name: str
) -> None:
    """Those of the key registry have a test of their own without the rest of the stack."""
    base, headers = stack.operations_url(name), fuzz_headers(stack, partner, name)
    schema = schemathesis.openapi.from_url(f"{base}/openapi.json")
    operations = [operation.ok() for operation in schema.get_all_operations()]
    deadline = time.monotonic() + 4
    requested = 0
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if requested >= len(operations) and time.monotonic() > deadline:
                break
            requested += fuzz(operation, mode, base, headers)
    assert requested >= len(operations)


def fuzz(operation: schemathesis.APIOperation, mode: GenerationMode, base: str, headers: dict[str, str]) -> int:
    """How many requests were made up and sent."""
    requested = 0

    @settings(
        max_examples=6, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def send_to(case: schemathesis.Case) -> None:
        nonlocal requested
        requested += 1
        response = case.call(base_url=base, headers=headers, timeout=10)
        assert response.status_code < 500, f"{operation.label}: {response.status_code} {response.text[:300]}"
        case.validate_response(response, checks=AS_DESCRIBED)

    with contextlib.suppress(Unsatisfiable):  # nothing can be wrong with a request that has no parameter
        send_to()
    return requested


def alike(replies: Iterable[Reply]) -> None:
    """The same status, fields and body, but for the time and the request's id."""

    def seen(reply: Reply) -> tuple[object, ...]:
        rid = reply.header("X-Request-Id") or "-"
        fields = [(name, value) for name, value in reply.fields if name not in ("Date", "X-Request-Id")]
        return reply.status, fields, reply.body.replace(rid.encode(), b"")

    assert len({repr(seen(reply)) for reply in replies}) == 1, [reply.text for reply in replies]


def junk(prefix: str) -> tuple[str, ...]:
    """Well-formed but unknown, of another kind, and unlike any."""
    return (f"{prefix}_" + "0" * 49, f"{prefix}_x", "pgxx_" + "0" * 49, "junk", "a" * 2000)


def test_unknown_wrong_and_revoked_credentials_get_the_same_bytes(
    stack: Stack, admin: Admin, partner: Partner
) -> None:
    def revoked(path: str, member: str, **members: object) -> str:
        created = admin.create(path, **members)
        assert admin.act("revoke", path, created["id"]).status == 200
        secret: str = created[member]
        return secret

    owner = {"company_id": partner.company["id"]}
    old_key = revoked("/access-keys", "key", **owner, name="x")
    old_admin = revoked("/admin-tokens", "token", name="x", role="viewer")
    old_token = revoked("/api-tokens", "token", booking_id=partner.booking["id"], remote_application="x")
    ended = partner.session()
    assert partner.verify(ended, "DELETE").status == 204
    time.sleep(1)  # until what was revoked is known everywhere
    base, registry_url = partner.gateway, stack.url("key_registry")

    alike(call("GET", f"{registry_url}/admin/v1/audit", bearer(t)) for t in (*junk("pgad"), old_admin))
    alike(call("POST", f"{base}/generate", {**JSON, "x-api-key": key}, "{}") for key in (*junk("pgak"), old_key))
    alike(partner.validate(token) for token in (*junk("pgat")[:4], old_token))
    alike(
        call("POST", f"{base}/sms/v1/messages", {**JSON, "X-Api-Token": t, "X-Client-Prefix": partner.prefix}, "{}")
        for t in (*junk("pgat")[:4], old_token)
    )
    sessions = ("00000000-0000-4000-8000-000000000000", "junk", ended, ended.upper(), "a" * 2000)
    alike(partner.verify(session) for session in sessions)
    alike(partner.editor(session) for session in sessions)
    token = partner.client_token()
    alike(partner.site(t) for t in (token[:-4] + "AAAA", token[:-1], "junk", "a.b.c", token + "=", "x" * 4000))
    key, secret = partner.api_client["key"], partner.api_client["secret"]
    pairs = ((key, "pgcs_" + "0" * 49), (key, "x"), ("pgck_" + "0" * 22, secret), ("junk", secret))
    alike(
        call("POST", f"{base}/auth/token", {**FORM, **basic(*pair)}, "grant_type=client_credentials")
        for pair in pairs
    )


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("framing", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_a_client_that_leaves_in_the_middle_is_no_internal_error(stack: Stack, name: str, framing: str) -> None:
    address, before = urlsplit(stack.url(name)), stack.log(name).count('"event":"request"')
    path = HALF_SENT[name]
    with socket.create_connection((address.hostname or "", address.port or 0), 5) as connection:
        authorization = f"Authorization: Bearer {stack.values['ADMIN_TOKEN']}"
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{framing}\r\n{authorization}\r\nContent-Type: application/json"
        connection.sendall(f"{head}\r\n\r\n5\r\n{{".encode())
        time.sleep(0.05)
    deadline = time.monotonic() + 5
    while stack.log(name).count('"event":"request"') == before:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert '"status":5' not in stack.log(name)[-2000:]


def test_nothing_of_all_this_was_an_internal_error(stack: Stack) -> None:
    """The last of this file: what the tests before it left in the logs."""
    assert stack.internal_errors() == []
