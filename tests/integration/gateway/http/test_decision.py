"""The decision endpoint says of each request what the gateway itself does with it, byte for byte."""

import json
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import pytest
from yarl import URL

from shared.contracts.key_registry import Revocation
from tests.support.doubles.registry import COMPANY
from tests.support.harness.gateway import ROUTES, SESSION_TOKEN, Gateway, Surroundings, bearer, surroundings
from tests.support.http1.client import Reply, converse
from tests.support.waiting import until

CLIENT = "203.0.113.7"
FROM = ("X-Forwarded-For", CLIENT)
PAGES = """
  - name: pages
    path: /pages
    methods: [GET]
    credential: jwt
    scopes: []
    upstream: sample
    cors: {{origins: ["https://app.example"]}}
"""
COUNTED = SESSION_TOKEN.replace("bbf1", "cbf1")
"""A session token with a number of uses."""
FORMS = ("nginx", "traefik", "envoy", "any nginx", "any traefik")


@pytest.fixture(scope="module")
async def around(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Surroundings]:
    async with surroundings(tmp_path_factory.mktemp("surroundings")) as around:
        around.routes = ROUTES.rstrip("\n") + PAGES
        yield around


@pytest.fixture(scope="module")
async def gateway(around: Surroundings) -> AsyncIterator[Gateway]:
    async with around.gateway(decision_port=0, trusted_proxies="127.0.0.1/32") as gateway:
        yield gateway


@dataclass
class Described:
    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()


async def send(url: str, method: str, target: str, headers: list[tuple[str, str]]) -> Reply:
    """One request with exactly these fields, over a socket of its own."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    port = URL(url).port
    assert port is not None
    found = await converse(port, "\r\n".join(lines).encode("latin-1"), replies=1)
    return found.replies[0]


def proxied(described: Described) -> list[tuple[str, str]]:
    given = [FROM, ("X-Request-Id", "r" * 20), *described.headers]
    return given if any(name == "Host" for name, _ in given) else [("Host", "api.example"), *given]


async def ask(gateway: Gateway, described: Described, form: str, *, rewrite: bool = True) -> Reply:
    headers, method, before = proxied(described), "GET", "/rewrite" if rewrite else ""
    if form.endswith("nginx"):
        headers += [("X-Original-Method", described.method), ("X-Original-URI", described.path)]
    elif form.endswith("traefik"):
        headers += [("X-Forwarded-Method", described.method), ("X-Forwarded-Uri", described.path)]
        headers += [("X-Forwarded-Host", "api.example")]
    else:
        return await send(gateway.decision_url, described.method, f"{before}/envoy{described.path}", headers)
    path = {"nginx": "/auth-request", "traefik": "/forward-auth"}.get(form, "/")
    return await send(gateway.decision_url, method, before + path, headers)


def compared(reply: Reply) -> tuple[int, list[tuple[str, str]], bytes]:
    """All that a client gets to see, but for what depends on the connection and the second."""
    left_out = {"date", "connection", "x-passgate-problem", "content-length"}
    own = reply.values("X-Request-Id")[0]  # of what cannot be read, each reading has one of its own
    fields = sorted((n.lower(), v.replace(own, "ID")) for n, v in reply.fields if n.lower() not in left_out)
    return reply.status, fields, reply.body.replace(own.encode(), b"ID")


def refused(around: Surroundings) -> dict[str, Described]:
    token = bearer("refused")["Authorization"]
    api_token = tuple(around.api_token.items())
    return {
        "no route": Described("/nowhere"),
        "reserved": Described("/internal/v1/check"),
        "metrics": Described("/metrics"),
        "method": Described("/site", "DELETE", (("Authorization", token),)),
        "trace": Described("/site", "TRACE"),
        "no credential": Described("/site"),
        "wrong scheme": Described("/site", headers=(("Authorization", "Basic eDp5"),)),
        "two words": Described("/site", headers=(("Authorization", "Bearer a b"),)),
        "bad signature": Described("/site", headers=(("Authorization", token[:-6] + "AAAAAA"),)),
        "no token": Described("/site", headers=(("Authorization", "Bearer junk"),)),
        "scope": Described("/written", headers=(("Authorization", token),)),
        "half an api token": Described("/sms", headers=api_token[:1]),
        "unknown api token": Described("/sms", headers=(("X-Api-Token", "x"), ("X-Client-Prefix", "blabla"))),
        "two api tokens": Described("/sms", headers=(*api_token, *api_token)),
        "no session token": Described("/editor?a=1"),
        "two session tokens": Described("/editor?apitoken=a&apitoken=b"),
        "dot segment": Described("/open/../site"),
        "escaped dot segment": Described("/open/%2e%2e/site"),
        "empty segment": Described("//site"),
        "semicolon": Described("/site;a=1"),
        "escaped slash": Described("/site%2fa"),
        "escaped twice": Described("/site%252fa"),
        "backslash": Described("/site\\a"),
        "nul": Described("/site%00"),
        "no escape": Described("/site%zz"),
        "query": Described('/site?a="b"'),
        "two authorizations": Described("/site", headers=(("Authorization", token), ("Authorization", token))),
        "another spelling": Described("/site", headers=(("Authorization_", token),)),
        "host": Described("/site", headers=(("Host", "a, b"),)),
        "not utf-8": Described("/site", headers=(("X-Name", "\xff"),)),
        "too long": Described("/site?" + "a" * 8190),
        "too many fields": Described("/site", headers=tuple((f"X-{n}", "1") for n in range(100))),
    }


CASES = (
    "no route", "reserved", "metrics", "method", "trace", "no credential", "wrong scheme", "two words",
    "bad signature", "no token", "scope", "half an api token", "unknown api token", "two api tokens",
    "no session token", "two session tokens", "dot segment", "escaped dot segment", "empty segment", "semicolon",
    "escaped slash", "escaped twice", "backslash", "nul", "no escape", "query", "two authorizations",
    "another spelling", "host", "not utf-8", "too long", "too many fields",
)  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES)
async def test_a_refusal_is_the_gateways_own(gateway: Gateway, around: Surroundings, case: str, form: str) -> None:
    described = refused(around)[case]
    if form.endswith("traefik") and case == "host":
        pytest.skip("there the host is in a field of its own")
    own = await send(gateway.url, described.method, described.path, proxied(described))
    asked = await ask(gateway, described, form)
    assert own.status >= 400
    assert compared(asked) == compared(own)


async def test_nginx_which_drops_the_body_of_a_refusal_finds_it_in_a_field(gateway: Gateway) -> None:
    reply = await ask(gateway, Described("/site"), "nginx")
    assert reply.values("X-Passgate-Problem") == [reply.body.decode()]
    assert json.loads(reply.body)["status"] == 401
    assert (await ask(gateway, Described("/site"), "traefik")).values("X-Passgate-Problem") == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", ["/site", "/sms", "/open", "/editor"])
async def test_what_says_who_calls_is_what_the_gateway_sends_upstream(
    gateway: Gateway, around: Surroundings, path: str, form: str
) -> None:
    credentials = {
        "/site": bearer("accepted", scope="a:b c:d"),
        "/sms": around.api_token,
        "/editor": {"X-Api-Token": SESSION_TOKEN},
    }
    described = Described(path, headers=tuple(credentials.get(path, {}).items()))
    assert (await send(gateway.url, "GET", path, proxied(described))).status == 200
    _, upstream = around.services.received[-1]
    reply = await ask(gateway, described, form)
    [target] = reply.values("X-Passgate-Target")
    assert reply.status == 200
    assert of_the_gateway(reply.fields) == of_the_gateway(upstream.items())
    assert reply.values("X-Passgate-Route") == [path.removeprefix("/")]
    assert target == ("/editor?file=a" if path == "/editor" else path)
    assert reply.body == b""


def of_the_gateway(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What says who calls, which request it is, and nothing of what proves something to our own services."""
    left_out = {f"x-passgate-{name}" for name in ("target", "route", "client-address", "service-token", "hops")}
    lowered = [(name.lower(), value) for name, value in fields]
    return sorted(
        field for field in lowered if field[0].startswith(("x-passgate", "x-request")) and field[0] not in left_out
    )


async def test_the_proof_that_the_gateway_calls_is_given_to_no_proxy(
    gateway: Gateway, around: Surroundings
) -> None:
    """Our own services believe it, and the route's upstream is one of them here."""
    assert (await send(gateway.url, "GET", "/open", proxied(Described("/open")))).status == 200
    _, upstream = around.services.received[-1]
    reply = await ask(gateway, Described("/open"), "nginx")
    assert "X-Passgate-Service-Token" in upstream
    assert reply.values("X-Passgate-Service-Token") + reply.values("X-Passgate-Client-Address") == []


@pytest.mark.parametrize("form", ["nginx", "traefik", "envoy"])
@pytest.mark.parametrize(
    ("path", "status"), [("/%6Fpen", 400), ("/open", 200), ("/open?", 200), ("/open?a=%7e", 200)]
)
async def test_a_proxy_that_forwards_what_it_asked_about_may_ask_about_nothing_else(
    gateway: Gateway, path: str, status: int, form: str
) -> None:
    assert (await ask(gateway, Described(path), form, rewrite=False)).status == status
    rewritten = await ask(gateway, Described(path), form, rewrite=True)
    assert rewritten.status == 200
    assert rewritten.values("X-Passgate-Target") == [path.replace("%6F", "o").removesuffix("?")]


async def test_the_token_of_a_session_is_never_forwarded_in_the_place_of_its_parameters(gateway: Gateway) -> None:
    described = Described(f"/editor?apitoken={SESSION_TOKEN}")
    reply = await ask(gateway, described, "traefik", rewrite=False)
    assert (reply.status, json.loads(reply.body)["code"]) == (403, "not_rewritten")
    assert (await ask(gateway, described, "traefik")).values("X-Passgate-Target") == ["/editor?file=a"]


@pytest.mark.parametrize("form", FORMS)
async def test_a_head_request_of_the_client_looks_at_a_session_and_uses_none_of_it(
    gateway: Gateway, around: Surroundings, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = Described("/editor", "HEAD", (("X-Api-Token", COUNTED),))
    monkeypatch.setattr(around.services, "uses_counted", True)
    monkeypatch.setattr(around.services, "resolved", [])
    assert (await ask(gateway, described, form)).status == 200
    assert not around.services.resolved
    assert (await ask(gateway, Described("/editor", headers=described.headers), form)).status == 200
    assert around.services.resolved == [{"token": COUNTED}]


async def test_a_credential_that_is_revoked_is_refused_within_a_second(
    gateway: Gateway, around: Surroundings
) -> None:
    described = Described("/site", headers=tuple(bearer("revoked-here").items()))
    assert (await ask(gateway, described, "nginx")).status == 200
    await around.registry.revoke(Revocation(kind="jwt", id="revoked-here", until=time.time() + 3600))

    async def is_refused() -> bool:
        return (await ask(gateway, described, "nginx")).status == 401

    await until(is_refused)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("X-Original-URI", "/open")],
        [("X-Original-URI", "/open"), ("X-Original-Method", "GET")],
        [("X-Original-URI", "/open"), ("X-Original-Method", "GET"), ("X-Forwarded-Uri", "/x"), FROM],
    ],
)
async def test_a_question_that_is_not_whole_is_never_admitted(
    gateway: Gateway, headers: list[tuple[str, str]]
) -> None:
    reply = await send(gateway.decision_url, "GET", "/", [("Host", "a"), *headers])
    assert (reply.status, json.loads(reply.body)["code"]) == (400, "incomplete_question")


@pytest.mark.parametrize("path", ["/health/live", "/metrics", "/routes", "/docs", "/favicon.ico", "/auth-request/"])
async def test_there_is_nothing_else_at_its_port(gateway: Gateway, path: str) -> None:
    reply = await send(gateway.decision_url, "GET", path, proxied(Described("/open")))
    assert (reply.status, reply.values("Server")) == (400, [])
    problem = json.loads(reply.body)
    assert problem["code"] == "incomplete_question"
    assert "ask at /auth-request" in problem["detail"]


async def test_only_a_trusted_proxy_may_ask(around: Surroundings) -> None:
    async with around.gateway(decision_port=0, trusted_proxies="10.0.0.0/8") as gateway:
        reply = await ask(gateway, Described("/open"), "nginx")
    assert (reply.status, json.loads(reply.body)["code"]) == (403, "not_a_trusted_proxy")


async def test_the_public_port_knows_nothing_of_it(gateway: Gateway) -> None:
    for form in ("auth-request", "forward-auth", "envoy/open", "rewrite/envoy/open"):
        headers = [*proxied(Described("/")), ("X-Original-Method", "GET"), ("X-Original-URI", "/open")]
        assert (await send(gateway.url, "GET", f"/{form}", headers)).status == 404


async def test_what_is_decided_is_counted_and_logged_as_a_call(around: Surroundings, gateway: Gateway) -> None:
    count = 'gateway_refusals_total{cause="no_credential",route="site"}'

    async def refusals() -> float:
        lines = [line for line in (await gateway.metrics()).splitlines() if line.startswith(count)]
        return float(lines[0].rpartition(" ")[2]) if lines else 0.0

    before = await refusals()
    await ask(gateway, Described("/site"), "nginx")
    assert await refusals() == before + 1


async def test_a_refused_credential_that_is_known_is_in_the_audit_trail(
    gateway: Gateway, around: Surroundings
) -> None:
    await ask(gateway, Described("/written", headers=tuple(bearer("audited").items())), "traefik")
    await until(lambda: any(event.action == "credential.refused" for event in around.registry.events))
    assert around.registry.events[-1].company_id == COMPANY.id


def preflight() -> Described:
    fields = (("Origin", "https://app.example"), ("Access-Control-Request-Method", "GET"))
    return Described("/pages", "OPTIONS", fields)


async def test_a_preflight_is_responded_to_where_that_is_no_leave_to_forward(gateway: Gateway) -> None:
    own = await send(gateway.url, "OPTIONS", "/pages", proxied(preflight()))
    assert own.status == 204
    assert compared(await ask(gateway, preflight(), "envoy")) == compared(own)
    for form in ("nginx", "traefik", "any nginx", "any traefik"):
        assert (await ask(gateway, preflight(), form)).status == 405


@pytest.mark.parametrize("form", FORMS)
async def test_a_page_may_read_why_it_was_refused(gateway: Gateway, form: str) -> None:
    described = Described("/pages", headers=(("Origin", "https://app.example"),))
    own = await send(gateway.url, "GET", "/pages", proxied(described))
    assert own.values("Access-Control-Allow-Origin") == ["https://app.example"]
    assert compared(await ask(gateway, described, form)) == compared(own)
