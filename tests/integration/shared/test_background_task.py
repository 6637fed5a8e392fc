"""The background tasks of every application as it is wired: each is owned, and its end costs nothing for long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web

from shared import background_task
from shared.background_task import REPEATED_ENDS, BackgroundTask
from shared.http import background_health
from shared.http.app import BACKGROUND
from tests.support.doubles.registry import RegistryDouble
from tests.support.doubles.registry_server import registry_server
from tests.support.harness import gateway, key_registry, operator_validator, session_tokens, token_issuer
from tests.support.harness.serving import ServiceKeys, serving
from tests.support.waiting import until

FOLLOWING = {"change_poll", "change_stream", "position_reporter"}
AUDIT = {"audit_awaited", "audit_noted"}
REPORT_ONLY = {"report_only", "trial_stops"}
ISSUERS = {"issuer_keys", "external_issuers"}
UPSTREAMS = {"upstream_names", "upstream_tls", "upstream_health_checks"}
KEEPING = {
    "housekeeping",
    "audit_months",
    "refusal_trace_ring",
    "report_only_pruning",
    "retirements",
    "quiet_secrets",
    "expiry_notices",
    "webhook_deliveries",
}
REPORTING = {"refusal_traces", "usage", *REPORT_ONLY, "log_report"}
LIMITING = {"limit_shares", "quota_notices"}
RELAYING = {"history", "history_copies", "change_relay"}
TASKS = {
    "gateway": {*FOLLOWING, *AUDIT, *ISSUERS, *UPSTREAMS, *REPORTING, *LIMITING, "route_file"},
    "key_registry": {*AUDIT, *KEEPING, *RELAYING, "first_owner", "database clock", "usage", "log_report"},
    "token_issuer": {*FOLLOWING, *AUDIT, *REPORTING, "signing_keys", "pruning", "limit_shares"},
    "session_tokens": {*FOLLOWING, *AUDIT, *REPORTING, "audit_outbox", "limit_shares"},
    "operator_validator": {*FOLLOWING, *AUDIT, *REPORTING},
}
HISTORY = ("_load", "_head")
"""Of the tasks `history` and `history_copies`, for each copy at the same time."""
NOT_BACKGROUND = {"RequestHandler.start", "SingleFlight._run", *HISTORY}
"""Coroutines of tasks that serve a connection, and of work on demand, which ends by itself and has an owner too."""

COMPLETED = {"first_owner"}
"""Those that come to an end, and have when the application is ready."""


@dataclass
class Application:
    url: str
    tasks: dict[str, BackgroundTask]
    """By name."""
    started: set[asyncio.Task[Any]]
    """The asyncio tasks that came with the application."""

    async def get(self, path: str) -> tuple[int, dict[str, Any]]:
        async with aiohttp.ClientSession() as http, http.get(self.url + path) as response:
            return response.status, await response.json()

    async def is_ready(self) -> bool:
        return (await self.get("/health/ready"))[0] == 200

    async def failing(self) -> set[str]:
        """The tasks for which readiness is 503."""
        missing = (await self.get("/health/ready"))[1].get("missing", {})
        return set(missing.get("background_tasks", "").removeprefix("failing: ").split(", ")) - {""}

    async def metric(self, name: str) -> float:
        async with aiohttp.ClientSession() as http, http.get(f"{self.url}/metrics") as response:
            lines = (await response.text()).splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} "))


@asynccontextmanager
async def _started(name: str, directory: Path, databases: dict[str, str]) -> AsyncIterator[None]:
    redis_url = databases["redis"]
    async with AsyncExitStack() as around:
        enter = around.enter_async_context
        if name == "gateway":
            surroundings = await enter(gateway.surroundings(directory))
            await enter(surroundings.gateway(redis_url=redis_url))
        elif name == "key_registry":
            await enter(
                key_registry.running_registry(
                    databases["registry"], directory, redis_url=redis_url, registered=False
                )
            )
        else:
            keys, http = ServiceKeys(directory), await enter(aiohttp.ClientSession())
            if name == "token_issuer":
                settings = token_issuer.settings_for(databases["issuer"], redis_url, keys)
                await enter(token_issuer.running(settings, RegistryDouble()))
            elif name == "operator_validator":
                await enter(operator_validator.operator_running(keys, http, redis_url=redis_url))
            else:
                registry = RegistryDouble()
                url = await enter(registry_server(registry))
                await enter(session_tokens.Stack(redis_url, url, registry, keys, http).copy())
        yield


@pytest.fixture(params=TASKS)
async def application(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    redis_database: str,
    issuer_database_url: str,
    registry_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Application]:
    """Each of them over real stores, put together by its own `build_app`, and ready."""
    served: list[tuple[str, web.Application]] = []

    @asynccontextmanager
    async def recorded(app: web.Application) -> AsyncIterator[str]:
        async with serving(app) as url:
            if BACKGROUND in app:
                served.append((url, app))
            yield url

    for harness in (gateway, key_registry, operator_validator, session_tokens, token_issuer):
        monkeypatch.setattr(harness, "serving", recorded)
    databases = {"redis": redis_database, "issuer": issuer_database_url, "registry": registry_database_url}
    before = asyncio.all_tasks()
    async with _started(request.param, tmp_path, databases):
        ((url, app),) = served
        tasks = {task.name: task for task in app[BACKGROUND].tasks}
        application = Application(url, tasks, asyncio.all_tasks() - before)
        await until(application.is_ready)
        assert set(tasks) == TASKS[request.param]
        with structlog.testing.capture_logs():  # many tracebacks, which take longer to write than all else
            yield application


def _asyncio_task(name: str) -> "asyncio.Task[Any]":
    (task,) = (task for task in asyncio.all_tasks() if task.get_name() == name)
    return task


def _coroutine(task: "asyncio.Task[Any]") -> str:
    return str(getattr(task.get_coro(), "__qualname__", ""))


async def _unexpected(*_: object) -> None:
    raise RuntimeError("unexpected")


async def test_every_task_that_an_application_starts_is_one_whose_health_is_known(application: Application) -> None:
    background = {task for task in application.started if _coroutine(task) not in NOT_BACKGROUND}
    names = [task.get_name() for task in background if not task.done()]
    assert set(names) <= set(application.tasks)
    assert len(names) == len(set(names))
    assert set(application.tasks) - set(names) <= COMPLETED


async def test_a_task_that_ends_runs_again_and_leaves_the_process_ready(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_health, "NOT_READY_AFTER_S", 0)
    for name, task in application.tasks.items():
        if name in COMPLETED:
            continue
        _asyncio_task(name).cancel()
        await until(lambda task=task: task.restarts == 1 and task.running)  # type: ignore[misc]
        assert await application.failing() == set()
        assert await application.metric(f'background_task_restarts_total{{task="{name}"}}') == 1
    await until(application.is_ready)
    assert await application.metric("background_tasks_running") == len(application.tasks)
    assert await application.metric("background_tasks") == len(application.tasks)
    assert (await application.get("/health/live"))[0] == 200


async def test_tasks_that_keep_ending_by_an_exception_cost_readiness_until_they_run_again(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_health, "NOT_READY_AFTER_S", 0.1)
    monkeypatch.setattr(background_task, "FIRST_RESTART_S", 0.01)
    monkeypatch.setattr(background_task, "MAX_RESTART_S", 0.05)
    monkeypatch.setattr(background_task, "STEADY_AFTER_S", 0.2)
    expected = set(application.tasks) - COMPLETED
    with monkeypatch.context() as broken:
        for name in expected:
            broken.setattr(application.tasks[name], "_run", _unexpected)

        async def all_fail() -> bool:
            # Again if need be: up to Python 3.11 a `wait_for` that ends just then swallows the cancellation.
            for task in asyncio.all_tasks():
                if task.get_name() in expected and not application.tasks[task.get_name()].restarts:
                    task.cancel()
            return await application.failing() == expected

        await until(all_fail)
    await until(application.is_ready)
    assert await application.failing() == set()
    assert await application.metric("background_tasks_running") == len(application.tasks)
    for name in expected:
        assert await application.metric(f'background_task_restarts_total{{task="{name}"}}') >= REPEATED_ENDS
