"""What operators count of a gateway never goes down, whatever becomes of its workers."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge

from gateway.workers.metrics import WorkersRegistry
from gateway.workers.samples import Family, families
from shared.errors import Unavailable


def found(calls: int) -> list[Family]:
    registry = CollectorRegistry()
    Counter("calls_total", "Calls.", registry=registry).inc(calls)
    Gauge("gateway_open_connections", "Connections.", registry=registry).set(calls)
    return families(registry.collect())


@dataclass
class WorkerDouble:
    number: int
    calls: int = 0
    restarts: int = 0
    runs: bool = True
    silent: bool = False
    while_asked: list[int] = field(default_factory=list)
    """So many calls are counted by a successor that has taken its place before it responds."""

    @property
    def run(self) -> tuple[int, int] | None:
        return (self.number, self.restarts) if self.runs else None

    def replaced(self) -> None:
        self.restarts, self.calls = self.restarts + 1, 0

    async def samples(self) -> list[Family]:
        if self.silent:
            raise Unavailable("silent")
        if self.while_asked:
            self.replaced()
            self.calls = self.while_asked.pop()
        return found(self.calls)


async def value(registry: WorkersRegistry, sample: str = "calls_total") -> float | None:
    await registry.refresh()
    return next((s.value for m in registry.collect() for s in m.samples if s.name == sample), None)


async def test_what_an_ended_worker_had_counted_stays() -> None:
    workers = [WorkerDouble(0, calls=3), WorkerDouble(1, calls=4)]
    registry = WorkersRegistry(lambda: workers)
    assert await value(registry) == 7
    workers[0].runs = False
    assert await value(registry) == 7
    assert await value(registry, "gateway_workers") == 1
    workers[0].runs = True
    workers[0].replaced()
    assert await value(registry) == 7
    assert await value(registry, "gateway_worker_restarts_total") == 1
    workers[0].calls = 2
    assert await value(registry) == 9
    for _ in range(3):
        workers[0].replaced()
        assert await value(registry) == 9


async def test_a_worker_that_does_not_respond_counts_with_its_last_values_and_has_no_gauges() -> None:
    workers = [WorkerDouble(0, calls=3), WorkerDouble(1, calls=4)]
    registry = WorkersRegistry(lambda: workers)
    assert await value(registry, "gateway_open_connections") == 7
    workers[1].silent = True
    assert await value(registry) == 7
    assert await value(registry, "gateway_open_connections") == 3


async def test_a_response_of_a_successor_is_not_taken_for_one_of_its_predecessor() -> None:
    worker = WorkerDouble(0, calls=5)
    registry = WorkersRegistry(lambda: [worker])
    assert await value(registry) == 5
    worker.while_asked.append(1)
    assert await value(registry) == 5
    assert await value(registry) == 6


async def test_without_any_worker_the_supervisor_still_has_metrics() -> None:
    registry = WorkersRegistry(list)
    assert await value(registry, "gateway_workers") == 0
