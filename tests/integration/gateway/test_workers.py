"""Several workers behind one port are one gateway: for callers, for operators, and for the registry."""

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.health import all_states
from shared.jose.keys import load_jwks
from shared.jose.verifier import Expectation, parse, verify
from tests.support.doubles.registry import COMPANY
from tests.support.harness.gateway import ISSUER, ROUTES, Surroundings, bearer, surroundings
from tests.support.harness.gateway_process import GatewayProcess, gateway_process
from tests.support.http1.client import converse
from tests.support.http1.framing_payloads import get
from tests.support.http1.upstream import OK, Upstream, UpstreamCall
from tests.support.waiting import until

COUNTED = "gateway_request_duration_seconds_count"


class Workers:
    """A gateway of two workers, with the registry and the services that it uses."""

    def __init__(self, process: GatewayProcess, around: Surroundings) -> None:
        self.process = process
        self.around = around

    async def call(self, path: str, headers: dict[str, str] | None = None) -> int:
        """The status, on a connection of its own: the system decides which worker gets it."""
        async with aiohttp.ClientSession() as http:
            url = f"http://127.0.0.1:{self.process.port}{path}"
            async with http.get(url, headers=headers) as response:
                return response.status

    async def operations(self, path: str) -> tuple[int, str]:
        async with self.around.http.get(f"http://127.0.0.1:{self.process.ops_port}{path}") as response:
            return response.status, await response.text()

    async def metric(self, sample: str) -> float:
        """The sum of all series of that name."""
        _, text = await self.operations("/metrics")
        lines = [line for line in text.splitlines() if line.startswith((f"{sample}{{", f"{sample} "))]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    async def ready(self) -> bool:
        return (await self.operations("/health/ready"))[0] == 200


@asynccontextmanager
async def running(
    directory: Path, around: Surroundings, upstream_url: str = "", **more: str
) -> AsyncIterator[Workers]:
    """Two workers. What they let through goes to `upstream_url`; unless it is given, to a resource that counts."""
    routes = directory / "own.yaml"
    routes.write_text(ROUTES.format(url=upstream_url or around.services.url))
    services = ("TOKEN_ISSUER", "OPERATOR_VALIDATOR", "SESSION_TOKENS", "SAMPLE_RESOURCES")
    settings = {
        **{f"PASSGATE_{name}_URL": around.services.url for name in services},
        "PASSGATE_KEY_REGISTRY_URL": around.registry_url,
        "PASSGATE_REDIS_URL": "redis://127.0.0.1:9/0",
        "PASSGATE_CHANGES_POLL_INTERVAL": "0.05",
        "PASSGATE_ISSUER": ISSUER,
        "PASSGATE_ROUTES_FILE": str(routes),
        "PASSGATE_GATEWAY_WORKERS": "2",
        **more,
    }
    async with gateway_process(directory, around.directory / "secrets", 9, **settings) as process:
        workers = Workers(process, around)
        await until(workers.ready)
        yield workers


@pytest.fixture(scope="module")
async def around(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Surroundings]:
    async with surroundings(tmp_path_factory.mktemp("surroundings")) as around:
        yield around


@pytest.fixture(scope="module")
async def workers(around: Surroundings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Workers]:
    async with running(tmp_path_factory.mktemp("workers"), around) as workers:
        yield workers


def pids(process: GatewayProcess) -> dict[int, int]:
    """The process of each worker that was started last."""
    return {int(str(line["worker"])): int(str(line["pid"])) for line in process.lines("worker.started")}


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


async def test_workers_share_the_port_and_are_counted_together(workers: Workers) -> None:
    async def both_served() -> bool:
        assert await workers.call("/open") == 200
        return {line.get("worker") for line in workers.process.lines("request")} == {0, 1}

    before, calls = await workers.metric(COUNTED), len(workers.around.services.received)
    await until(both_served)
    calls = len(workers.around.services.received) - calls
    assert await workers.metric(COUNTED) == before + calls
    assert await workers.metric("gateway_workers") == 2
    assert all("worker" in line for line in workers.process.lines("request"))


async def test_the_metrics_of_all_workers_are_one_valid_exposition(workers: Workers) -> None:
    _, text = await workers.operations("/metrics")
    families = list(text_string_to_metric_families(text))
    assert Counter(family.name for family in families).most_common(1)[0][1] == 1
    samples = Counter((s.name, *sorted(s.labels.items())) for family in families for s in family.samples)
    assert samples.most_common(1)[0][1] == 1
    assert "http_server_request_duration_seconds" in {family.name for family in families}
    assert "/worker/metrics" not in text


async def test_identity_tokens_of_each_worker_are_verified_by_the_one_key_set_of_the_operations_port(
    workers: Workers,
) -> None:
    _, text = await workers.operations("/.well-known/jwks.json")
    keys = load_jwks(text)
    assert len(keys) == 2
    expected = Expectation(frozenset({"passgate-gateway"}), frozenset({"sample"}))
    signed_by: set[str] = set()

    async def both_signed() -> bool:
        assert await workers.call("/signed", bearer()) == 200
        token = workers.around.services.received[-1][1]["X-Passgate-Identity-Token"]
        verify(token, key_for=keys.get, expectation=expected, now=time.time())
        signed_by.add(parse(token).header.kid)
        return signed_by == keys.keys()

    await until(both_signed)


async def test_operators_see_one_gateway(workers: Workers) -> None:
    assert await workers.operations("/health/live") == (200, '{"status":"live","service":"gateway"}')
    status, text = await workers.operations("/health")
    report: dict[str, Any] = json.loads(text)
    assert (status, report["service"]) == (200, "gateway")
    assert report["dependencies"]["workers"]["state"] == "up"
    assert report["dependencies"]["changes"]["worker"] in (0, 1)
    routes = json.loads((await workers.operations("/routes"))[1])["routes"]
    assert "open" in {route["name"] for route in routes}
    explained = json.loads((await workers.operations("/routes/explain?method=GET&url=/nowhere%3Fx%3D1"))[1])
    assert (explained["status"], explained["route"]) == (404, None)
    document = json.loads((await workers.operations("/openapi.json"))[1])
    assert "/routes" in document["paths"]
    assert (await workers.operations("/docs"))[0] == 200
    status, text = await workers.operations("/absent")
    assert (status, json.loads(text)["code"]) == (404, "not_found")


async def test_a_revocation_reaches_every_worker_and_each_reports_its_position(workers: Workers) -> None:
    registry = workers.around.registry
    assert [await workers.call("/site", bearer()) for _ in range(8)] == [200] * 8
    registry.set_status("company", COMPANY.id, "revoked")
    reached = registry.position
    await until(lambda: [p.position for p in registry.positions.values()] == [reached] * 2)
    assert [p.service for p in registry.positions.values()] == ["gateway"] * 2
    assert [await workers.call("/site", bearer()) for _ in range(16)] == [401] * 16


async def test_a_killed_worker_is_replaced_and_no_counter_goes_down(workers: Workers) -> None:
    for _ in range(10):
        await workers.call("/open")
    counted, restarts = await workers.metric(COUNTED), await workers.metric("gateway_worker_restarts_total")
    killed = pids(workers.process)[1]
    os.kill(killed, signal.SIGKILL)
    seen = [counted]

    async def replaced() -> bool:
        seen.append(await workers.metric(COUNTED))
        return await workers.metric("gateway_worker_restarts_total") == restarts + 1 and await workers.ready()

    line = await workers.process.logged("worker.ended", worker=1)
    assert line["reason"] == "SIGKILL"
    await until(replaced)
    assert pids(workers.process)[1] != killed
    assert seen == sorted(seen)
    assert [await workers.call("/open") for _ in range(8)] == [200] * 8
    assert await workers.metric(COUNTED) >= counted + 8


async def test_sigterm_drains_every_worker_and_exits_0(
    around: Surroundings, upstream: Upstream, tmp_path: Path
) -> None:
    finish = asyncio.Event()

    async def respond_late(_: UpstreamCall, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await finish.wait()
        writer.write(OK)

    async with running(tmp_path, around, f"http://127.0.0.1:{upstream.port}") as workers:
        process = workers.process
        upstream.script = respond_late
        call = get(b"GET /open HTTP/1.1")
        in_flight = [asyncio.create_task(converse(process.port, call, quiet=20)) for _ in range(12)]
        await until(lambda: len(upstream.calls) == 12)
        process.process.send_signal(signal.SIGTERM)
        for worker in (0, 1):
            await process.logged("server.draining", worker=worker)
        finish.set()
        conversations = await asyncio.gather(*in_flight)
        assert [[reply.status for reply in one.replies] for one in conversations] == [[200]] * 12
        assert await asyncio.wait_for(process.process.wait(), 20) == 0
    assert not any(map(runs, pids(process).values()))
    assert {line["worker"] for line in process.lines("server.stopped") if "worker" in line} == {0, 1}


async def test_each_worker_serves_the_decision_endpoint(around: Surroundings, tmp_path: Path) -> None:
    settings = {"PASSGATE_DECISION_PORT": "0", "PASSGATE_TRUSTED_PROXIES": "127.0.0.1/32"}
    fields = (b"X-Original-Method: GET", b"X-Original-URI: /open", b"X-Forwarded-For: 203.0.113.7")
    question = get(b"GET /auth-request HTTP/1.1", *fields)
    async with running(tmp_path, around, **settings) as workers:
        listeners = workers.process.lines("decision_listener.started")
        [port] = {int(str(line["port"])) for line in listeners}
        assert {line["worker"] for line in listeners} == {0, 1}

        async def both_have_decided() -> bool:
            assert (await converse(port, question, replies=1)).replies[0].status == 200
            return {line["worker"] for line in workers.process.lines("request") if "decided_for" in line} == {0, 1}

        await until(both_have_decided)


async def test_a_worker_that_starts_while_the_route_file_is_invalid_serves_what_the_others_do(
    workers: Workers,
) -> None:
    process = workers.process
    routes = process.routes_file.with_name("own.yaml")
    valid = routes.read_text()
    lines = len(process.log)
    routes.write_text(valid + "  - {name: bad}\n")
    for worker in (0, 1):
        await process.logged("route_file.invalid", after=lines, worker=worker)
    lines = len(process.log)
    os.kill(pids(process)[0], signal.SIGKILL)
    await process.logged("route_file.invalid", after=lines, worker=0)  # of the one in its place
    await until(workers.ready)
    assert [await workers.call("/open") for _ in range(20)] == [200] * 20
    assert await workers.metric("gateway_route_file_valid") == 0
    health = json.loads((await workers.operations("/health"))[1])
    assert (health["status"], health["dependencies"]["route_file"]["state"]) == ("degraded", "down")
    assert "route bad" in health["dependencies"]["route_file"]["reason"]
    shown = await all_states({"gateway": f"http://127.0.0.1:{process.ops_port}"})  # by `make status`
    assert shown["gateway"].startswith("ready, degraded: ")
    assert "route_file (worker 0: the route file is invalid, an earlier one is in use: " in shown["gateway"]
    routes.write_text(valid)

    async def mended() -> bool:
        return await workers.metric("gateway_route_file_valid") == 1

    await until(mended)


async def test_a_supervisor_that_is_killed_leaves_no_worker(workers: Workers) -> None:
    """The last test of this module: it ends the gateway that the others share, as a start takes seconds."""
    process = workers.process
    started = pids(process).values()
    sockets = {Path(str(line["socket"])) for line in process.lines("server.listening") if "socket" in line}
    assert len(sockets) == 2
    process.process.kill()
    await until(lambda: not any(map(runs, started)))
    assert not any(socket.parent.exists() for socket in sockets)
    with pytest.raises(OSError, match=r"Connect|refused"):
        await asyncio.open_connection("127.0.0.1", process.port)
