import asyncio
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from shared.audit.trail import MAX_QUEUED, AuditTrail
from shared.contracts.key_registry import AuditEvent
from shared.errors import Unavailable
from tests.support.clock import FakeClock
from tests.support.waiting import until


class Sink:
    """Writes each event once, as the registry does. `respond` is cleared to hold responses back."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ids: set[str] = set()
        self.calls = 0
        self.away = False
        self.loses_responses = 0
        self.respond = asyncio.Event()
        self.respond.set()

    async def audit(self, events: Sequence[AuditEvent]) -> None:
        self.calls += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable
        if any(event.action == "poison" for event in events):
            raise ValueError
        self.lines += [event.action for event in events if event.id not in self.ids]
        self.ids |= {event.id for event in events}
        if self.loses_responses > 0:
            self.loses_responses -= 1
            raise Unavailable(detail="the response was lost")
        await self.respond.wait()


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def metrics() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def trail(sink: Sink, clock: FakeClock, metrics: CollectorRegistry) -> AuditTrail:
    return AuditTrail(sink, service="token_issuer", clock=clock, metrics=metrics)


async def test_recorded_event_is_durable_before_record_returns(sink: Sink, trail: AuditTrail) -> None:
    await trail.start()
    await trail.record(trail.event("token.issued"))
    assert sink.lines == ["token.issued"]
    await trail.stop()


async def test_events_of_concurrent_requests_share_a_call(sink: Sink, trail: AuditTrail) -> None:
    await trail.start()
    await asyncio.gather(*(trail.record(trail.event(f"e{i}")) for i in range(50)))
    assert sink.lines == [f"e{i}" for i in range(50)]
    assert sink.calls <= 2
    await trail.stop()


async def test_record_is_refused_when_the_line_is_not_known_to_be_durable(sink: Sink, trail: AuditTrail) -> None:
    await trail.start()
    sink.away = True
    with pytest.raises(Unavailable):
        await trail.record(trail.event("token.issued"))
    await trail.stop()


async def test_noted_events_outlast_an_outage_in_their_order(sink: Sink, trail: AuditTrail) -> None:
    sink.away = True
    await trail.start()
    for i in range(3):
        trail.note(trail.event(f"refused.{i}"))
    await until(lambda: sink.calls)
    sink.away = False
    await trail.stop()
    assert sink.lines == ["refused.0", "refused.1", "refused.2"]


async def test_a_batch_whose_response_was_lost_is_sent_again_under_the_same_ids(
    sink: Sink, trail: AuditTrail
) -> None:
    sink.loses_responses = 1
    await trail.start()
    for i in range(3):
        trail.note(trail.event(f"refused.{i}"))
    await until(lambda: sink.calls)
    await trail.stop()
    assert sink.calls == 2
    assert sink.lines == ["refused.0", "refused.1", "refused.2"]


async def test_lines_under_way_when_the_process_stops_are_written_before_it_ends(
    sink: Sink, trail: AuditTrail
) -> None:
    sink.respond.clear()
    await trail.start()
    recorded = asyncio.create_task(trail.record(trail.event("token.issued")))
    trail.note(trail.event("token.refused"))
    await until(lambda: sink.calls)
    trail.note(trail.event("late.refused"))
    stopped = asyncio.create_task(trail.stop())
    await until(lambda: sink.calls == 2)
    sink.respond.set()
    await stopped
    await recorded
    assert sorted(sink.lines) == ["late.refused", "token.issued", "token.refused"]


async def test_every_event_that_is_lost_is_counted(
    sink: Sink, trail: AuditTrail, metrics: CollectorRegistry
) -> None:
    sink.away = True
    for _ in range(MAX_QUEUED + 5):
        trail.note(trail.event("token.refused"))
    assert metrics.get_sample_value("audit_events_dropped_total") == 5
    with pytest.raises(Unavailable):
        await trail.record(trail.event("token.issued"))
    await trail.start()
    await trail.stop()
    assert metrics.get_sample_value("audit_events_dropped_total") == MAX_QUEUED + 5


async def test_an_event_that_cannot_be_written_is_counted_and_holds_up_no_other(
    sink: Sink, trail: AuditTrail, metrics: CollectorRegistry
) -> None:
    await trail.start()
    for action in ("a", "poison", "b"):
        trail.note(trail.event(action))
    await until(lambda: sink.lines == ["a", "b"])
    assert metrics.get_sample_value("audit_events_dropped_total") == 1
    with pytest.raises(Unavailable):
        await trail.record(trail.event("poison"))
    await trail.record(trail.event("c"))
    await trail.stop()
    assert sink.lines == ["a", "b", "c"]
