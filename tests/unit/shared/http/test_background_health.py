"""Background tasks as health, liveness and the metrics show them."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from shared.background_task import BackgroundTask, PeriodicTask
from shared.http.app import service_app
from shared.http.background_health import NOT_LIVE_AFTER_S, NOT_READY_AFTER_S
from shared.http.health import Health
from tests.support.harness.serving import serving
from tests.support.waiting import until


class Task(BackgroundTask):
    """Fails for as long as a test says."""

    seconds = 0.0

    def __init__(self) -> None:
        super().__init__("follower", _nothing)

    @property
    def failing_for(self) -> float:
        return self.seconds

    async def start(self) -> None:
        """It does not run."""


async def _nothing() -> None:
    pass


@pytest.fixture
def task() -> Task:
    return Task()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
async def url(task: Task, registry: CollectorRegistry) -> AsyncIterator[str]:
    app = service_app("things", [], health=Health("things"), metrics=registry, resources=(task,))
    async with serving(app) as url:
        yield url


async def get(url: str) -> tuple[int, dict[str, object]]:
    async with aiohttp.ClientSession() as http, http.get(url) as response:
        return response.status, await response.json()


@pytest.mark.parametrize(
    ("seconds", "ready", "live"),
    [
        (0, 200, 200),
        (NOT_READY_AFTER_S, 200, 200),
        (NOT_READY_AFTER_S + 1, 503, 200),
        (NOT_LIVE_AFTER_S, 503, 200),
        (NOT_LIVE_AFTER_S + 1, 503, 503),
    ],
)
async def test_a_task_that_fails_costs_readiness_and_then_liveness_and_both_name_it(
    url: str, task: Task, seconds: float, ready: int, live: int
) -> None:
    task.seconds = seconds
    status, body = await get(f"{url}/health/ready")
    assert status == ready
    assert (body.get("missing") == {"background_tasks": "failing: follower"}) is (ready == 503)
    status, body = await get(f"{url}/health/live")
    assert status == live
    assert (body.get("failing") == ["follower"]) is (live == 503)
    task.seconds = 0
    assert (await get(f"{url}/health/ready"))[0] == (await get(f"{url}/health/live"))[0] == 200


async def test_metrics_hold_every_task_and_its_restarts(url: str, task: Task, registry: CollectorRegistry) -> None:
    task.restarts = 3
    assert registry.get_sample_value("background_tasks") == 2  # and the one that reports what was not logged
    assert registry.get_sample_value("background_tasks_running") == 1
    assert registry.get_sample_value("background_task_restarts_total", {"task": "follower"}) == 3
    assert registry.get_sample_value("background_task_failures_total", {"task": "log_report"}) == 0


async def test_a_periodic_task_whose_rounds_fail_is_named_by_health_and_costs_no_readiness() -> None:
    async def fail() -> None:
        raise RuntimeError

    task = PeriodicTask("prune", fail, interval=0)
    app = service_app("things", [], health=Health("things"), metrics=CollectorRegistry(), resources=(task,))
    async with serving(app) as url:
        await until(lambda: task.rounds_fail)
        status, body = await get(f"{url}/health")
        assert (status, body["status"]) == (200, "degraded")
        assert "failing: prune" in str(body["dependencies"])
        assert [(await get(f"{url}/health/{kind}"))[0] for kind in ("ready", "live")] == [200, 200]
