"""The health of all workers in the form of one: the worst of each dependency, with the worker's number."""

import json
from typing import Any

from aiohttp.test_utils import make_mocked_request

from gateway.workers.health import WorkersHealth
from shared.errors import Unavailable


def entry(*, up: bool = True, latency_ms: float = 1.0, required: bool = True, **members: Any) -> dict[str, Any]:
    reason = {} if up else {"reason": "it is late"}
    return {"state": "up" if up else "down", "latency_ms": latency_ms, "required": required, **reason, **members}


class WorkerDouble:
    def __init__(self, number: int, **dependencies: Any) -> None:
        self.number = number
        self.failing: list[str] = []
        self.reason = ""
        self.members: dict[str, Any] = {}
        self.dependencies = dependencies

    async def get(self, path: str) -> tuple[int, Any]:
        if self.reason:
            raise Unavailable(self.reason)
        if path == "/health/live":
            return (503, {"failing": self.failing}) if self.failing else (200, {})
        return 200, {"dependencies": self.dependencies, **self.members}


async def ask(path: str, *workers: WorkerDouble) -> tuple[int, dict[str, Any]]:
    health = WorkersHealth("gateway", lambda: workers)
    handler = {"/health": health.report, "/health/ready": health.ready, "/health/live": health.live}[path]
    response = await handler(make_mocked_request("GET", path))
    return response.status, json.loads(response.text or "")


async def test_each_dependency_is_as_at_the_worker_that_is_worst_off() -> None:
    first = WorkerDouble(0, store=entry(latency_ms=9), other=entry(), changes=entry(age=4.0, position=1))
    second = WorkerDouble(1, store=entry(up=False), other=entry(latency_ms=2), changes=entry(age=0.1, position=2))
    status, report = await ask("/health", first, second)
    assert (status, report["status"]) == (503, "unavailable")
    dependencies = report["dependencies"]
    assert dependencies["store"] == entry(up=False, reason="worker 1: it is late", worker=1)
    assert dependencies["other"] == entry(latency_ms=2, worker=1)
    assert dependencies["changes"] == entry(age=4.0, position=1, worker=0)
    assert dependencies["workers"]["state"] == "up"


async def test_of_workers_that_are_equally_badly_off_the_first_is_shown_whichever_responds_later() -> None:
    for latencies in ((1, 9), (9, 1)):
        workers = [WorkerDouble(i, store=entry(up=False, latency_ms=ms)) for i, ms in enumerate(latencies)]
        assert (await ask("/health", *workers))[1]["dependencies"]["store"]["worker"] == 0


async def test_it_is_ready_when_every_worker_is() -> None:
    ready, waiting = WorkerDouble(0, store=entry()), WorkerDouble(1, store=entry(up=False))
    assert (await ask("/health/ready", ready, ready))[0] == 200
    status, body = await ask("/health/ready", ready, waiting)
    assert (status, body["missing"]) == (503, {"store": "worker 1: it is late"})


async def test_what_is_optional_makes_it_degraded_and_leaves_it_ready() -> None:
    worker = WorkerDouble(0, store=entry(up=False, required=False))
    assert (await ask("/health", worker))[1]["status"] == "degraded"
    assert (await ask("/health/ready", worker))[0] == 200


async def test_a_worker_that_does_not_run_or_drains_is_named() -> None:
    gone, draining = WorkerDouble(0), WorkerDouble(1)
    gone.reason, draining.members = "does not run", {"draining": True}
    status, body = await ask("/health/ready", gone, draining)
    assert (status, body["missing"]) == (503, {"workers": "worker 0: does not run, worker 1: is draining"})


async def test_it_is_alive_when_every_worker_is() -> None:
    alive, failing, gone = WorkerDouble(0), WorkerDouble(1), WorkerDouble(2)
    assert await ask("/health/live", alive, alive) == (200, {"status": "live", "service": "gateway"})
    failing.failing, gone.reason = ["route_file"], "does not run"
    status, body = await ask("/health/live", alive, failing, gone)
    assert (status, body["failing"]) == (503, ["worker 1: route_file", "worker 2: does not run"])
