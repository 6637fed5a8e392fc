"""The gateway as a process: starting with nothing else there, telling how it is, reloading, ending in order."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shared.http.client_address import CLIENT_ADDRESS_PURPOSE
from shared.service_tokens import ServiceAuthenticator
from tests.support.harness.certificates import write_certificate
from tests.support.harness.commands import Ended, run_command
from tests.support.harness.gateway_process import GatewayProcess, gateway_process
from tests.support.http1.client import Conversation, converse
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import OK, Upstream, UpstreamCall
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until

ROUTE = "  - {name: added, path: /added, methods: [GET], credential: none, upstream: echo}\n"


async def get_operations(gateway: GatewayProcess, path: str) -> Conversation:
    return await converse(gateway.ops_port, get(f"GET {path} HTTP/1.1".encode(), b"Connection: close"))


def command(*arguments: str, **environment: str) -> Ended:
    return run_command("gateway", *arguments, environment=environment)


async def test_it_says_what_is_missing_of_the_whole_stack(gateway: GatewayProcess) -> None:
    report = await get_operations(gateway, "/health")
    assert report.replies[0].status == 503
    dependencies = json.loads(report.replies[0].body)["dependencies"]
    assert set(dependencies) == {
        "changes", "issuer_keys", "route_file", "key_registry", "token_issuer", "session_tokens",
        "operator_validator", "sample_resources", "background_tasks", "periodic_tasks", "clock", "log",
        "external_issuers", "upstreams",
    }  # fmt: skip
    assert dependencies["route_file"]["state"] == "up"
    ready = await get_operations(gateway, "/health/ready")
    assert ready.replies[0].status == 503
    assert set(json.loads(ready.replies[0].body)["missing"]) == {"changes", "issuer_keys"}
    assert (await get_operations(gateway, "/health/live")).replies[0].status == 200


async def test_operators_see_its_metrics_and_its_routes(gateway: GatewayProcess, upstream: Upstream) -> None:
    await converse(gateway.port, get(), replies=1)
    metrics = (await get_operations(gateway, "/metrics")).raw.decode()
    assert 'gateway_request_duration_seconds_count{method="GET",route="echo",status="200"}' in metrics
    routes = json.loads((await get_operations(gateway, "/routes")).replies[0].body)
    assert "protected" in {route["name"] for route in routes["routes"]}
    protected = next(route for route in routes["routes"] if route["name"] == "protected")
    path = f"/routes/explain?method=GET&url={protected['path']}"
    explained = json.loads((await get_operations(gateway, path)).replies[0].body)
    assert (explained["status"], explained["route"]) == (0, protected)
    assert json.loads((await get_operations(gateway, "/routes/explain")).replies[0].body)["status"] == 400
    assert (await get_operations(gateway, "/openapi.json")).replies[0].status == 200


async def test_a_changed_route_file_is_taken_up_and_an_invalid_one_is_not(
    gateway: GatewayProcess, upstream: Upstream
) -> None:
    before, lines = gateway.routes_file.read_text(), len(gateway.log)
    try:
        assert (await converse(gateway.port, get(b"GET /added HTTP/1.1"), replies=1)).replies[0].status == 404
        gateway.routes_file.write_text(before + ROUTE)
        await gateway.logged("route_file.loaded", after=lines, routes=before.count("name: ") + 1)
        assert (await converse(gateway.port, get(b"GET /added HTTP/1.1"), replies=1)).replies[0].status == 200
        gateway.routes_file.write_text(before + ROUTE + "  - {name: bad}\n")
        line = await gateway.logged("route_file.invalid", after=lines)
        assert "routes.yaml:" in str(line["errors"])
        assert (await converse(gateway.port, get(b"GET /added HTTP/1.1"), replies=1)).replies[0].status == 200
        health = await get_operations(gateway, "/health")
        assert json.loads(health.replies[0].body)["dependencies"]["route_file"]["state"] == "down"
        assert "gateway_route_file_valid 0.0" in (await get_operations(gateway, "/metrics")).raw.decode()
    finally:
        lines = len(gateway.log)
        gateway.routes_file.write_text(before)
        await gateway.logged("route_file.loaded", after=lines)


async def test_a_proxy_in_front_is_believed_only_when_it_is_configured(
    upstream: Upstream, service_secrets: Path, tmp_path: Path
) -> None:
    lines = (
        b"X-Forwarded-For: 198.51.100.7, 203.0.113.7:51234",
        b"X-Request-Id: from-the-proxy",
        b"X-Forwarded-Proto: HTTPS",
    )
    async with gateway_process(
        tmp_path, service_secrets, upstream.port, PASSGATE_TRUSTED_PROXIES="127.0.0.0/8, ::1/128"
    ) as gateway:
        await converse(gateway.port, get(b"GET /echo HTTP/1.1", *lines), replies=1)
        line = await gateway.logged("request", route="echo")
    assert upstream.calls[0].values("X-Forwarded-For") == ["203.0.113.7, 127.0.0.1"]
    assert upstream.calls[0].values("X-Request-Id") == ["from-the-proxy"]
    assert upstream.calls[0].values("X-Forwarded-Proto") == ["https"]
    assert not any(name.startswith("X-Passgate-") for name, _ in upstream.calls[0].fields)
    assert (line["client"], line["proxy"]) == ("203.0.113.7", "127.0.0.1")


async def test_our_own_services_learn_the_client_from_the_gateway_alone(
    upstream: Upstream, service_secrets: Path, tmp_path: Path
) -> None:
    forged = (b"X-Passgate-Client-Address: 6.6.6.6", b"X-Passgate-Service-Token: forged")
    own = f"http://127.0.0.1:{upstream.port}"
    async with gateway_process(
        tmp_path, service_secrets, upstream.port, PASSGATE_SESSION_TOKENS_URL=own
    ) as gateway:
        await converse(gateway.port, get(b"GET /echo HTTP/1.1", *forged), replies=1)
    call = next(call for call in upstream.calls if call.target == "/echo")
    assert call.values("X-Passgate-Client-Address") == ["127.0.0.1"]
    (proof,) = call.values("X-Passgate-Service-Token")
    keys = ServiceAuthenticator.from_file(
        service_secrets / "service_keys.json", callee="session_tokens", purpose=CLIENT_ADDRESS_PURPOSE
    )
    assert keys.require(f"Bearer {proof}", CLIENT_ADDRESS_PURPOSE) == "gateway"


async def test_sigterm_lets_what_is_in_flight_finish_and_exits_0(
    upstream: Upstream, service_secrets: Path, tmp_path: Path
) -> None:
    async def respond_late(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.6)
        writer.write(OK)

    async with gateway_process(tmp_path, service_secrets, upstream.port) as gateway:
        upstream.script = respond_late
        idle = await asyncio.open_connection("127.0.0.1", gateway.port)
        in_flight = [asyncio.create_task(converse(gateway.port, get())) for _ in range(5)]
        while len(upstream.calls) < 5:
            await asyncio.sleep(0.01)
        started = time.monotonic()
        gateway.process.send_signal(signal.SIGTERM)
        conversations = await asyncio.gather(*in_flight)
        assert [[reply.status for reply in one.replies] for one in conversations] == [[200]] * 5
        assert all(one.closed for one in conversations)
        assert await asyncio.wait_for(gateway.process.wait(), 10) == 0
        assert time.monotonic() - started < 9
        idle[1].close()
        with pytest.raises(OSError, match=r"Connect|refused"):
            await asyncio.open_connection("127.0.0.1", gateway.port)
    errors = [line for line in map(json.loads, gateway.log) if line["level"] == "error"]
    assert {line["event"] for line in errors} <= {"change_feed.stale"}  # there is no registry here


async def test_sigterm_ends_a_process_that_reads_a_file_that_hangs(
    upstream: Upstream, service_secrets: Path, tmp_path: Path
) -> None:
    """As one does in a folder of the network whose server is away."""
    certificate = write_certificate(tmp_path)
    async with gateway_process(tmp_path, service_secrets, upstream.port, **certificate.settings()) as gateway:
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "pipe").replace(tmp_path / "tls.crt")
        async with written_to_by_nobody(tmp_path / "tls.crt"):
            gateway.process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(gateway.process.wait(), BUSY_MACHINE_LIMIT_S) == 0


@asynccontextmanager
async def written_to_by_nobody(pipe: Path) -> AsyncIterator[None]:
    """From when somebody has begun to read it."""
    writing: list[int] = []

    def begun() -> bool:
        with contextlib.suppress(OSError):  # until then
            writing.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        return bool(writing)

    await until(begun)
    try:
        yield
    finally:
        os.close(writing[0])


def test_a_route_file_is_checked_from_the_command_line(tmp_path: Path) -> None:
    valid, bad = Path("deploy/routes.yaml"), tmp_path / "bad.yaml"
    bad.write_text("upstreams:\n  a: {url: http://169.254.169.254}\nroutes: []\n")
    ended = command("check-routes", str(valid))
    assert (ended.status, ended.errors) == (0, "")
    assert "routes, valid" in ended.output
    ended = command("check-routes", str(bad))
    assert ended.status == 2
    assert ended.errors.splitlines() == [
        f"{bad}:2: upstream a: url is a link-local or metadata address",
        f"{bad}:3: routes must be a list of 1 to 10000 routes",
    ]


def test_the_schema_for_editors_is_printed() -> None:
    ended = command("route-schema")
    assert (ended.status, ended.errors) == (0, "")
    assert json.loads(ended.output)["properties"].keys() == {"upstreams", "issuers", "routes"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PASSGATE_PORT", "x"),
        ("PASSGATE_OPS_PORT", "70000"),
        ("PASSGATE_GATEWAY_WORKERS", "0"),
        ("PASSGATE_TRUSTED_PROXIES", "nowhere"),
        ("PASSGATE_ISSUER", "passgate"),
        ("PASSGATE_AUDIENCE", "a b"),
        ("PASSGATE_ROUTES_FILE", "/nonexistent/routes.yaml"),
        ("PASSGATE_SERVICE_KEY_FILE", "/nonexistent/key.pem"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_in_one_line(name: str, value: str, service_secrets: Path) -> None:
    environment = {"PASSGATE_SERVICE_KEY_FILE": str(service_secrets / "service_keys" / "gateway.pem"), name: value}
    ended = command(**environment)
    assert ended.status == 2, ended.output
    assert ended.errors.startswith(f"configuration error: {name}")
    assert len(ended.errors.splitlines()) == 1


def test_it_explains_itself() -> None:
    ended = command("--help")
    assert ended.status == 0
    assert ended.output.startswith("usage: python -m gateway")
