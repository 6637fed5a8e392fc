"""The metrics of the gateway as a whole: of all workers, also those that have ended, and of the supervisor."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge, Metric

from gateway.workers.merged_metrics import Source, counts, merged, rule_of
from gateway.workers.samples import Family, families
from shared.errors import Unavailable
from shared.metrics import ReadCounter


class MeasuredWorker(Protocol):
    """One of the workers, as far as metrics are concerned."""

    @property
    def run(self) -> tuple[int, int] | None:
        """The worker's number, and which of its processes runs now; None while there is none."""
        ...

    @property
    def restarts(self) -> int: ...

    async def samples(self) -> list[Family]:
        """Raises `Unavailable`."""
        ...


class WorkersRegistry(CollectorRegistry):
    """Collects what `refresh` has last found, beside the supervisor's own metrics.

    No counter goes down: of a worker that has ended, or does not respond, the last values that were found remain.
    """

    def __init__(self, workers: Callable[[], Sequence[MeasuredWorker]]) -> None:
        super().__init__()
        self._workers = workers
        self._refreshing = asyncio.Lock()
        self._ended: list[Family] = []
        """The sums of processes that have ended."""
        self._found: dict[tuple[int, int], list[Family]] = {}
        """What was found last of each process."""
        self._current: set[tuple[int, int]] = set()
        """Those that responded to the last `refresh`."""
        running = Gauge("gateway_workers", "Worker processes that run now.", registry=self)
        running.set_function(lambda: sum(worker.run is not None for worker in workers()))
        ReadCounter(
            self,
            "gateway_worker_restarts",
            "Worker processes started again after an unexpected end.",
            lambda: sum(worker.restarts for worker in workers()),
        )

    async def refresh(self) -> None:
        """Ask all workers. One that does not respond in time does not hold up the others."""
        async with self._refreshing:  # one after the other: no older value replaces a newer one
            running = [(worker.run, worker) for worker in self._workers()]
            requested = [(run, worker) for run, worker in running if run is not None]
            self._keep_ended({run for run, _ in requested})
            responses = await asyncio.gather(*(_samples(worker) for _, worker in requested))
            self._current = set()
            for (run, worker), response in zip(requested, responses, strict=True):
                if response is not None and worker.run == run:  # or it may be the successor's
                    self._found[run] = response
                    self._current.add(run)

    def collect(self) -> Iterable[Metric]:
        own = Source(families(super().collect()), supervisor=True)
        workers = [Source(found, current=run in self._current) for run, found in self._found.items()]
        return merged([own, *workers, Source(self._ended, current=False)])

    def _keep_ended(self, running: set[tuple[int, int]]) -> None:
        for run in self._found.keys() - running:
            self._ended = _sums([self._ended, self._found.pop(run)])


async def _samples(worker: MeasuredWorker) -> list[Family] | None:
    try:
        return await worker.samples()
    except Unavailable:
        return None


def _sums(sources: Sequence[list[Family]]) -> list[Family]:
    found: dict[str, Family] = {}
    for source in sources:
        for family in filter(counts, source):
            kept = found.setdefault(family.name, family._replace(series={})).series
            for series, value in family.series.items():
                kept[series] = rule_of(family, series[0])([kept[series], value]) if series in kept else value
    return list(found.values())
