"""What would have been refused is counted, delivered once, and holds nobody up."""

from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from shared.contracts.report_only import MAX_COUNTS, ReportOnlyBatch
from shared.errors import CallRejected, Unavailable
from shared.report_only import counts as module
from shared.report_only.counts import OTHER, ReportOnlyCounts, WouldRefuse
from tests.support.clock import FakeClock

SITE = WouldRefuse("route", "site", "expired", "company-1")


@dataclass
class Sink:
    failure: Exception | None = None
    tried: list[str] = field(default_factory=list)
    batches: list[ReportOnlyBatch] = field(default_factory=list)

    async def add_report_only(self, batch: ReportOnlyBatch) -> None:
        self.tried.append(batch.id)
        if self.failure is not None:
            raise self.failure
        self.batches.append(batch)


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def metrics() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def counts(sink: Sink, clock: FakeClock, metrics: CollectorRegistry) -> ReportOnlyCounts:
    return ReportOnlyCounts(sink, clock=clock, metrics=metrics)


async def test_calls_that_are_alike_are_one_count_with_the_first_and_the_last_of_them(
    counts: ReportOnlyCounts, sink: Sink, clock: FakeClock, metrics: CollectorRegistry
) -> None:
    began = clock.now()
    for number in range(3):
        counts.count(SITE, f"request-{number}")
        clock.advance(1.0)
    counts.count(SITE._replace(cause="stopped"), "request-9")
    await counts.stop()
    [batch] = sink.batches
    first, other = batch.counts
    assert (first.kind, first.name, first.cause, first.company_id) == ("route", "site", "expired", "company-1")
    assert (first.count, first.first_at, first.last_at, first.last_request_id) == (3, began, began + 2, "request-2")
    assert (other.cause, other.count) == ("stopped", 1)
    assert metrics.get_sample_value("report_only_calls_total", {"kind": "route"}) == 4


async def test_batch_whose_fate_is_not_known_is_sent_again_under_its_id(
    counts: ReportOnlyCounts, sink: Sink
) -> None:
    counts.count(SITE, "request-1")
    sink.failure = Unavailable("the response was lost")
    await counts.stop()
    counts.count(SITE, "request-2")
    sink.failure = None
    await counts.stop()
    assert sink.tried[0] == sink.tried[1] == sink.batches[0].id
    assert [batch.counts[0].count for batch in sink.batches] == [1, 1]
    assert len({batch.id for batch in sink.batches}) == 2


async def test_batch_that_the_registry_rejects_is_counted_as_left_out_and_not_sent_again(
    counts: ReportOnlyCounts, sink: Sink, metrics: CollectorRegistry
) -> None:
    sink.failure = CallRejected(detail="422")
    counts.count(SITE, "request-1")
    await counts.stop()
    await counts.stop()
    assert len(sink.tried) == 1
    assert metrics.get_sample_value("report_only_calls_left_out_total") == 1


async def test_what_waits_is_bounded_and_the_oldest_is_left_out(
    counts: ReportOnlyCounts, sink: Sink, metrics: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_QUEUED_BATCHES", 2)
    sink.failure = Unavailable("away")
    for number in range(4):
        counts.count(SITE, f"request-{number}")
        await counts.stop()
    sink.failure = None
    await counts.stop()
    assert [batch.counts[0].last_request_id for batch in sink.batches] == ["request-2", "request-3"]
    assert metrics.get_sample_value("report_only_calls_left_out_total") == 2


async def test_flood_of_names_is_counted_together_and_batches_are_bounded(
    counts: ReportOnlyCounts, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_KEYS", MAX_COUNTS + 10)
    for number in range(MAX_COUNTS + 50):
        counts.count(SITE._replace(name=f"{'x' * 500}{number}"), "request-1")
    await counts.stop()
    sent = [count for batch in sink.batches for count in batch.counts]
    assert max(len(batch.counts) for batch in sink.batches) <= MAX_COUNTS
    assert sum(count.count for count in sent) == MAX_COUNTS + 50
    assert [count.count for count in sent if count.name == OTHER] == [40]
