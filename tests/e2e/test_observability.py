"""What operators get to see: every hop of a request, the state of every process, and no secret anywhere."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import schemathesis
from prometheus_client.parser import text_string_to_metric_families

from deploy.metrics_page import metrics
from tests.e2e.partners import OPERATOR, Admin, Partner
from tests.e2e.wire import FORM, Reply, basic, bearer, call
from tests.support.harness.stack import SERVICES, Stack

SECRET_LOOKS = re.compile(rb"pg(?:at|ak|cs|ad)(?:_|%5[Ff])[0-9A-Za-z]{20}|eyJ[\w-]{8,}\.[\w-]{8,}|PRIVATE KEY-----")
SECRET_VARIABLES = ("ADMIN_TOKEN", "API_TOKEN", "ACCESS_KEY", "CLIENT_SECRET")

Send = Callable[[Partner], Reply]

HOPS: dict[str, tuple[Send, set[str]]] = {
    "a client's token": (lambda p: p.request_token(), {"gateway", "token_issuer", "key_registry"}),
    "an assertion": (lambda p: p.exchange(p.assertion()), {"gateway", "token_issuer", "key_registry"}),
    "a site": (lambda p: p.site(p.client_token()), {"gateway", "sample_resources"}),
    "a message": (
        lambda p: p.send_message(),
        {"gateway", "operator_validator", "key_registry", "sample_resources"},
    ),
    "a question to the operator": (lambda p: p.validate(), {"gateway", "operator_validator", "key_registry"}),
    "a session": (lambda p: p.generate(), {"gateway", "session_tokens", "key_registry"}),
    "the editor": (lambda p: p.editor(p.session()), {"gateway", "session_tokens", "sample_resources"}),
}

CREATED = re.compile(r"\w+_created$")
"""What the parser takes for families of their own."""


@pytest.mark.parametrize("what", HOPS)
def test_the_request_id_of_the_response_is_in_the_log_of_every_hop(
    stack: Stack, make_partner: Callable[[], Partner], what: str
) -> None:
    send, hops = HOPS[what]
    reply = send(make_partner())  # whom no cache knows
    assert reply.status < 400, reply.text
    rid = reply.header("X-Request-Id")
    assert rid
    deadline = time.monotonic() + 5
    while missing := {name for name in hops if f'"request_id":"{rid}"' not in stack.log(name)}:
        assert time.monotonic() < deadline, missing
        time.sleep(0.02)
    for name in hops:
        lines = [json.loads(line) for line in stack.log(name).splitlines() if rid in line]
        assert all({"time", "level", "service", "event"} <= set(line) for line in lines)
        assert {line["service"] for line in lines} == {name}


def test_a_token_that_is_issued_is_in_the_audit_trail_under_the_requests_id(admin: Admin, partner: Partner) -> None:
    line = admin.audited(partner.request_token(), "token.issued")
    assert line["company_id"] == partner.company["id"]
    assert line["actor"] == f"client:{partner.api_client['key']}"
    wrong = {**FORM, **basic(partner.api_client["key"], "wrong")}
    refused = call("POST", f"{partner.gateway}/auth/token", wrong, "grant_type=client_credentials")
    line = admin.audited(refused, "token.refused")
    assert (line["detail"]["error"], line["subject"]) == ("invalid_client", partner.api_client["key"])


@pytest.mark.parametrize("name", SERVICES)
def test_every_process_tells_its_health(stack: Stack, name: str) -> None:
    base = stack.operations_url(name)
    live = call("GET", f"{base}/health/live")
    assert (live.status, live.json()) == (200, {"status": "live", "service": name})
    ready = call("GET", f"{base}/health/ready")
    assert (ready.status, ready.json()) == (200, {"status": "ready", "service": name})
    report = call("GET", f"{base}/health")
    assert (report.status, report.json()["status"]) == (200, "ok")
    for dependency in report.json()["dependencies"].values():
        assert dependency["state"] == "up"
        assert dependency["latency_ms"] >= 0


def test_health_of_the_gateway_covers_the_whole_stack(stack: Stack) -> None:
    dependencies = call("GET", stack.operations_url("gateway") + "/health").json()["dependencies"]
    assert set(SERVICES) - {"gateway", "console"} <= set(dependencies)  # no call needs the console


@pytest.mark.parametrize("name", SERVICES)
def test_every_process_has_metrics_of_its_requests(stack: Stack, partner: Partner, name: str) -> None:
    assert partner.request_token().status == 200
    reply = call("GET", stack.operations_url(name) + "/metrics")
    assert reply.status == 200
    assert (reply.header("Content-Type") or "").startswith("text/plain; version=")
    families = {family.name: family for family in text_string_to_metric_families(reply.text)}
    duration = families["http_server_request_duration_seconds"]
    assert {"method", "route", "status"} <= set(duration.samples[0].labels)
    assert "process_cpu_seconds" in families
    listed = {metric.name.removesuffix("_total") for metric in metrics()}
    assert {family for family in families if not CREATED.match(family)} <= listed
    if name == "gateway":
        routes = {sample.labels["route"] for sample in families["gateway_request_duration_seconds"].samples}
        assert "auth-token" in routes


@pytest.mark.parametrize("name", SERVICES)
def test_every_process_describes_its_api_in_valid_openapi_3_1_and_shows_it(stack: Stack, name: str) -> None:
    base = stack.operations_url(name)
    document = call("GET", f"{base}/openapi.json").json()
    assert document["openapi"].startswith("3.1.")
    assert document["paths"] or name == "console"  # its pages are for people
    schemathesis.openapi.from_dict(document).validate()
    page = call("GET", f"{base}/docs")
    assert page.status == 200
    assets = re.findall(r'(?:src|href)="(/docs/[^"]+)"', page.text)
    assert len(assets) >= 3
    assert [call("GET", base + asset).status for asset in assets] == [200] * len(assets)
    assert "http" not in (page.header("Content-Security-Policy") or "http"), "nothing comes from elsewhere"


def test_the_gateway_shows_the_documents_of_all_services(stack: Stack) -> None:
    base = stack.operations_url("gateway")
    documents = call("GET", f"{base}/openapi/all.json").json()
    assert [slug for slug, document in documents.items() if not (document and document["paths"])] == []
    index = call("GET", f"{base}/api-documentation")
    for path in set(re.findall(r'href="(/[^"#]+)', index.text)):
        assert call("GET", base + path).status == 200, path
    assert "script-src" not in (index.header("Content-Security-Policy") or "script-src")
    assert call("GET", f"{base}/api-documentation/tokens/nothing").status == 404


def secrets_of(stack: Stack) -> set[bytes]:
    found = {stack.values[name] for name in SECRET_VARIABLES}
    files = [*stack.secrets.rglob("*"), Path(stack.values["PRIVATE_KEY_FILE"])]
    for path in files:
        if path.is_file() and path.suffix != ".json":
            found |= {
                line for line in path.read_text().splitlines() if len(line) > 16 and not line.startswith("--")
            }
    assert len(found) > 12
    return {secret.encode() for secret in found}


def carelessly_used(stack: Stack) -> Iterator[bytes]:
    """Use the demo's credentials as they are meant to be and as they are not; the tokens that this gives."""
    values, gateway = stack.values, stack.gateway
    demo = {"api_client": {"key": values["CLIENT_KEY"], "secret": values["CLIENT_SECRET"]}}
    partner = Partner(
        gateway,
        company={"client_prefix": values["CLIENT_PREFIX"], "company_uri": values["COMPANY_URI"]},
        booking={},
        api_token={"token": values["API_TOKEN"]},
        access_key={"key": values["ACCESS_KEY"]},
        key_pair={},
        **demo,
    )
    access_token, session = partner.client_token(), partner.session({"secret": "parameter"})
    for reply in (partner.site(access_token), partner.send_message(), partner.validate(), partner.editor(session)):
        assert reply.status < 300
    for secret in (access_token, session, *(values[name] for name in SECRET_VARIABLES)):
        for base in (gateway, *(stack.operations_url(name) for name in SERVICES)):
            call("GET", f"{base}/health/live?token={secret}", bearer(secret))
            call("GET", f"{base}/nowhere?token={secret}", {"X-Api-Token": secret, "x-api-key": secret})
        call("POST", f"{gateway}/auth/token?client_secret={secret}", {**FORM, **bearer(secret)}, f"scope={secret}")
        call("GET", f"{gateway}{OPERATOR}?token={secret}&token={secret}&clientPrefix={secret}")
        call("GET", f"{gateway}/v2.0/site", {**bearer(secret + "x"), "Cookie": secret, "Referer": secret})
        call("POST", f"{gateway}/generate?ttl={secret}", {"x-api-key": secret + "x"}, secret)
    for secret in (access_token, *(values[name] for name in SECRET_VARIABLES)):
        for base in (gateway, *(stack.operations_url(name) for name in SERVICES)):
            call("GET", f"{base}/{secret}")
            call("GET", f"{base}/{secret.replace('_', '%5F')}")
    yield from (access_token.encode(), session.encode(), b'"secret":"parameter"')


@pytest.fixture(scope="module")
def secrets(stack: Stack) -> set[bytes]:
    return {*secrets_of(stack), *carelessly_used(stack)}


def test_no_secret_is_in_a_log(stack: Stack, secrets: set[bytes]) -> None:
    for log in stack.logs.iterdir():
        written = log.read_bytes()
        assert [secret for secret in secrets if secret in written] == [], log.name
        assert SECRET_LOOKS.findall(written) == [], log.name


def test_no_secret_is_in_a_metric_or_a_health_report(stack: Stack, secrets: set[bytes]) -> None:
    for name in SERVICES:
        for path in ("/metrics", "/health", "/openapi.json"):
            shown = call("GET", stack.operations_url(name) + path).body
            assert [secret for secret in secrets if secret in shown] == [], (name, path)
            assert SECRET_LOOKS.findall(shown) == [], (name, path)


def test_no_secret_is_in_the_audit_trail(admin: Admin, secrets: set[bytes]) -> None:
    cursor = ""
    for _ in range(20):
        page = admin.call("GET", f"/audit?limit=200{cursor}")
        assert [secret for secret in secrets if secret in page.body] == []
        assert SECRET_LOOKS.findall(page.body) == []
        if page.json()["next_cursor"] is None:
            break
        cursor = f"&cursor={page.json()['next_cursor']}"


def test_no_secret_is_in_what_the_stores_keep(stack: Stack, secrets: set[bytes]) -> None:
    """Nor in their logs of what was written: a copy of the disk gives nobody a credential or a hidden parameter."""
    own = {path.read_text().strip().encode() for path in stack.secrets.glob("*_password")}
    for store in ("postgres", "valkey"):
        for path in (stack.var / store).rglob("*"):
            if path.is_file():
                kept = path.read_bytes()
                allowed = own if path.name == "valkey.conf" else set()
                assert [secret for secret in secrets - allowed if secret in kept] == [], path
