"""The health of the gateway as a whole: of each dependency, the state at the worker that is worst off."""

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from aiohttp import web

from shared.errors import Unavailable
from shared.http.health import Health, State
from shared.http.responses import NO_STORE, json_response

WORKERS = "workers"
"""What health calls the workers as such: whether each of them runs and responds."""
_OF_EVERY_STATE = frozenset({"state", "latency_ms", "required", "reason"})


class ObservedWorker(Protocol):
    """One of the workers, as far as health is concerned."""

    number: int

    async def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON at a path of its operators' application. Raises `Unavailable`."""
        ...


class _Response(NamedTuple):
    """What one worker responded; `reason` says why there is none."""

    worker: int
    body: Mapping[str, Any]
    reason: str
    latency_ms: float


class WorkersHealth(Health):
    """In the form of one process; each dependency names its worker."""

    def __init__(self, service: str, workers: Callable[[], Sequence[ObservedWorker]]) -> None:
        super().__init__(service)
        self._workers = workers

    async def states(self) -> list[State]:
        own, responses = await asyncio.gather(super().states(), self._responses("/health"))
        found: dict[str, list[State]] = {state.name: [state] for state in own}
        for response in responses:
            for name, entry in response.body.get("dependencies", {}).items():
                found.setdefault(name, []).append(_state(name, entry, response.worker))
        return [_of_the_workers(responses), *(max(states, key=_badness) for states in found.values())]

    @property
    def liveness(self) -> None:
        """The supervisor asks its workers."""
        return None

    async def live(self, _: web.BaseRequest) -> web.Response:
        """GET /health/live: 200 for as long as the supervisor and all workers are alive, else 503."""
        failing = list(self._background.dead())
        for response in await self._responses("/health/live"):
            reasons = [response.reason] if response.reason else response.body.get("failing", [])
            failing += [f"worker {response.worker}: {reason}" for reason in reasons]
        body: dict[str, Any] = {"status": "failing" if failing else "live", "service": self._service}
        if failing:
            body["failing"] = failing
        return json_response(body, status=503 if failing else 200, headers=NO_STORE)

    async def _responses(self, path: str) -> list[_Response]:
        return await asyncio.gather(*(_response(worker, path) for worker in self._workers()))


async def _response(worker: ObservedWorker, path: str) -> _Response:
    started = time.monotonic()
    body: Mapping[str, Any] = {}
    reason = ""
    try:
        status, body = await worker.get(path)
        if status not in (200, 503) or not isinstance(body, dict):
            body, reason = {}, f"responds with status {status}"
        elif body.get("draining"):
            reason = "is draining"
    except Unavailable as error:
        reason = error.description
    return _Response(worker.number, body, reason, round((time.monotonic() - started) * 1000, 2))


def _of_the_workers(responses: Sequence[_Response]) -> State:
    reasons = [f"worker {response.worker}: {response.reason}" for response in responses if response.reason]
    latency = max((response.latency_ms for response in responses), default=0.0)
    return State(WORKERS, not reasons, latency, ", ".join(reasons), required=True)


def _state(name: str, entry: Mapping[str, Any], worker: int) -> State:
    details = {member: value for member, value in entry.items() if member not in _OF_EVERY_STATE}
    reason = f"worker {worker}: {entry['reason']}" if entry.get("reason") else ""
    return State(
        name, entry["state"] == "up", entry["latency_ms"], reason, entry["required"], {"worker": worker, **details}
    )


def _badness(state: State) -> tuple[bool, float, float]:
    """Down before up; of changes, the one that was confirmed the longest time ago; else the slowest that is up.

    Of several that are down, `max` leaves the one of the lowest number: who asks twice sees the same worker.
    """
    age = state.details.get("age", 0.0)
    return not state.ok, math.inf if age is None else age, state.latency_ms if state.ok else 0.0
