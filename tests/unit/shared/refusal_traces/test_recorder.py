"""Traces are delivered in batches, within bounds, and hold nobody up."""

from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from shared.contracts.refusal_traces import MAX_TRACES, RefusalTrace
from shared.errors import CallRejected, Unavailable
from shared.refusal_traces import recorder
from shared.refusal_traces.recorder import RefusalTraces
from shared.refusal_traces.sampling import PER_SOURCE
from tests.support.clock import FakeClock
from tests.support.traces import trace


class Sink:
    def __init__(self) -> None:
        self.batches: list[Sequence[RefusalTrace]] = []
        self.failure: Exception | None = None

    async def add_traces(self, traces: Sequence[RefusalTrace]) -> None:
        if self.failure is not None:
            raise self.failure
        self.batches.append(list(traces))

    @property
    def ids(self) -> list[str]:
        return [one.request_id for batch in self.batches for one in batch]


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def metrics() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def traces(sink: Sink, clock: FakeClock, metrics: CollectorRegistry) -> RefusalTraces:
    return RefusalTraces(sink, service="gateway", clock=clock, metrics=metrics)


def record(traces: RefusalTraces, number: int, *, source: str = "") -> None:
    traces.record(
        f"cause-{number % 7}",
        source or str(number),
        known=number % 2 == 0,
        trace=lambda at, service, process: trace(number, at=at, service=service, process=process),
    )


async def test_trace_says_when_and_by_which_process(traces: RefusalTraces, sink: Sink, clock: FakeClock) -> None:
    record(traces, 1)
    await traces.stop()
    [[sent]] = sink.batches
    assert (sent.at, sent.service, sent.process.split("@")[0]) == (clock.now(), "gateway", "gateway")


async def test_what_is_left_out_is_not_even_made_and_is_counted(
    traces: RefusalTraces, metrics: CollectorRegistry
) -> None:
    made = 0

    def make(at: float, service: str, process: str) -> RefusalTrace:
        nonlocal made
        made += 1
        return trace()

    for _ in range(PER_SOURCE + 5):
        traces.record("expired", "192.0.2.1", known=False, trace=make)
    assert made == PER_SOURCE
    assert metrics.get_sample_value("refusal_traces_left_out_total") == 5


async def test_traces_wait_while_the_registry_is_unavailable_the_oldest_are_left_out(
    traces: RefusalTraces, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "MAX_QUEUED", 5)
    sink.failure = Unavailable()
    for number in range(7):
        record(traces, number)
    with pytest.raises(Unavailable):
        await traces._send_all()
    sink.failure = None
    await traces.stop()
    assert sink.ids == [f"request-{number}" for number in range(2, 7)]


async def test_batches_are_bounded_and_a_rejected_one_is_not_sent_again(traces: RefusalTraces, sink: Sink) -> None:
    for number in range(MAX_TRACES + 20):
        record(traces, number)
    await traces._send_all()
    assert [len(batch) for batch in sink.batches] == [MAX_TRACES, 20]
    record(traces, 9_999)
    sink.failure = CallRejected()
    await traces._send_all()
    sink.failure = None
    await traces._send_all()
    assert "request-9999" not in sink.ids
