"""Health: is the process alive, may it get traffic, and what of that which it depends on."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web

from shared.errors import ServiceError
from shared.http.background_health import BackgroundTasks, check_log
from shared.http.liveness.probe_request import Liveness
from shared.http.responses import NO_STORE, json_response

log = structlog.get_logger()

CHECK_TIMEOUT_S = 0.7
"""Seconds after which a dependency that has not responded counts as down."""
POSTGRESQL = "postgresql"
VALKEY = "valkey"
VALKEY_WRITES = "valkey_writes"
"""The stores have one name in the health of all services."""
BACKGROUND_TASKS = "background_tasks"
PERIODIC_TASKS = "periodic_tasks"
CLOCK = "clock"
LOG = "log"

Check = Callable[[], Awaitable[object]]
"""Returns when the dependency is up; raises, best a `ServiceError` with a description, when it is not."""


Details = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class State:
    name: str
    ok: bool
    latency_ms: float
    reason: str
    required: bool
    details: Mapping[str, Any] = field(default_factory=dict)
    """What the report shows of it besides."""


class Health:
    """The checks of one process. `required` ones decide readiness; the others are only reported."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._checks: dict[str, tuple[Check, bool, Details]] = {}
        self._draining = False
        self._background = BackgroundTasks(())
        self._was_ready: bool | None = None

    def watch(self, background: BackgroundTasks) -> None:
        """Make the background tasks of the process part of its liveness, readiness and health, beside its log."""
        self._background = background
        self.add(BACKGROUND_TASKS, background.check)
        self.add(PERIODIC_TASKS, background.check_rounds, required=False)
        self.add(LOG, check_log, required=False)

    def add(self, name: str, check: Check, *, required: bool = True, details: Details = dict) -> None:
        """`details`: what the report shows of it besides, be it up or down."""
        self._checks[name] = (check, required, details)

    def drain(self) -> None:
        """Readiness is 503 from now on."""
        self._draining = True

    async def states(self) -> list[State]:
        return list(await asyncio.gather(*(self._state(name, *c) for name, c in self._checks.items())))

    async def _state(self, name: str, check: Check, required: bool, details: Details) -> State:
        started = time.monotonic()
        reason = ""
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await check()
        except TimeoutError:
            reason = f"no response within {CHECK_TIMEOUT_S} s"
        except ServiceError as error:
            reason = error.description
        except Exception as error:
            reason = type(error).__name__
        latency_ms = round((time.monotonic() - started) * 1000, 2)
        return State(name, not reason, latency_ms, reason, required, details())

    @property
    def liveness(self) -> Liveness | None:
        """What any thread may call for the response to GET /health/live; None where it takes a wait."""
        return self._liveness

    def _liveness(self) -> tuple[int, dict[str, Any]]:
        dead = self._background.dead()
        body: dict[str, Any] = {"status": "failing" if dead else "live", "service": self._service}
        if dead:
            body["failing"] = dead
        return 503 if dead else 200, body

    async def live(self, _: web.BaseRequest) -> web.Response:
        """GET /health/live: 200 for as long as the event loop and every background task run, else 503."""
        status, body = self._liveness()
        return json_response(body, status=status, headers=NO_STORE)

    async def ready(self, _: web.BaseRequest) -> web.Response:
        """GET /health/ready: 503 and the names of what is missing when it should get no traffic."""
        missing = [s for s in await self.states() if s.required and not s.ok]
        ready = not missing and not self._draining
        self._log_change(ready, missing)
        body: dict[str, Any] = {"status": "ready" if ready else "not ready", "service": self._service}
        if self._draining:
            body["draining"] = True
        if missing:
            body["missing"] = {s.name: s.reason for s in missing}
        return json_response(body, status=200 if ready else 503, headers=NO_STORE)

    async def report(self, _: web.BaseRequest) -> web.Response:
        """GET /health: each dependency with its state and latency.

        `ok`, `degraded` (an optional one is down) or, with 503, `unavailable` (a required one is down).
        """
        states = await self.states()
        available = all(s.ok for s in states if s.required) and not self._draining
        status = "unavailable" if not available else "ok" if all(s.ok for s in states) else "degraded"
        dependencies = {
            s.name: {
                "state": "up" if s.ok else "down",
                "latency_ms": s.latency_ms,
                "required": s.required,
                **({"reason": s.reason} if s.reason else {}),
                **s.details,
            }
            for s in states
        }
        body = {
            "status": status,
            "service": self._service,
            "draining": self._draining,
            "dependencies": dependencies,
        }
        return json_response(body, status=200 if available else 503, headers=NO_STORE)

    def _log_change(self, ready: bool, missing: list[State]) -> None:
        """One line when readiness changes; while a process starts or drains, it is no warning."""
        if ready == self._was_ready:
            return
        reasons = {state.name: state.reason for state in missing}
        if ready or self._was_ready is None or self._draining:
            log.info("readiness.changed", ready=ready, missing=reasons)
        else:
            log.warning("readiness.changed", ready=ready, missing=reasons)
        self._was_ready = ready
