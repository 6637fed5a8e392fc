"""Keeps what the processes report of refused calls."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter

from services.key_registry.refused_calls.refusal_traces.pacing import Pacing
from services.key_registry.refused_calls.refusal_traces.ports import RINGS, TraceStore
from shared.background_task import PeriodicTask, TaskOwner
from shared.clock import Clock
from shared.contracts.refusal_traces import RefusalTrace

TURN_INTERVAL_S = 600.0


class TraceKeeper(TaskOwner):
    """`max_bytes`: of all tables and indexes together."""

    def __init__(
        self, store: TraceStore, clock: Clock, *, max_bytes: int, metrics: CollectorRegistry | None = None
    ) -> None:
        self._store = store
        self._pacing = {known: Pacing(clock, max_bytes // RINGS) for known in (True, False)}
        self.tasks = (PeriodicTask("refusal_trace_ring", store.turn, interval=TURN_INTERVAL_S),)
        self._left_out = Counter(
            "refusal_traces_not_kept_total",
            "Traces of refusals that were reported and not kept: there were more than their bytes allow.",
            registry=metrics,
        )

    async def add(self, traces: Sequence[RefusalTrace]) -> None:
        """Raises `Unavailable`; then all of them may be sent again, and some are then there twice."""
        for known, pacing in self._pacing.items():
            reported = [trace for trace in traces if (trace.company_id is not None) is known]
            admitted = pacing.admitted(reported)
            self._left_out.inc(len(reported) - len(admitted))
            if admitted:
                await self._store.add(admitted, known=known, segment_bytes=pacing.segment_bytes)
