import asyncio
from collections.abc import Sequence

import pytest
import structlog
from prometheus_client import CollectorRegistry

from shared.audit.delivery import MAX_BATCH
from shared.audit.trail import MAX_NOTED, AuditTrail
from shared.contracts.key_registry import AuditEvent
from shared.errors import CallRejected, Unavailable
from tests.support.clock import FakeClock
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until


class Sink:
    """Writes each event once, as the registry does. `respond` is cleared to hold responses back.

    Batches with an event "invalid" are rejected, those with an event "poison" cannot be encoded.
    """

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
        if any(event.action == "invalid" for event in events):
            raise CallRejected(detail="rejected with status 422")
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
    for _ in range(MAX_NOTED + 5):
        trail.note(trail.event("token.refused"))
    assert metrics.get_sample_value("audit_events_dropped_total") == 5
    await trail.start()
    await trail.stop()
    trail.note(trail.event("token.refused"))
    assert metrics.get_sample_value("audit_events_dropped_total") == MAX_NOTED + 6


@pytest.mark.parametrize("action", ["invalid", "poison"])
async def test_an_event_that_is_never_accepted_is_counted_and_logged_and_holds_up_no_other(
    sink: Sink, trail: AuditTrail, metrics: CollectorRegistry, action: str
) -> None:
    for i in range(50):
        trail.note(trail.event(action if i in (7, 8, 31) else f"e{i}"))
    with structlog.testing.capture_logs() as logged:
        await trail.start()
        await until(lambda: len(sink.lines) == 47)
        await until(lambda: metrics.get_sample_value("audit_events_dropped_total") == 3)
    assert sink.lines == [f"e{i}" for i in range(50) if i not in (7, 8, 31)]
    rejected = [line for line in logged if line["event"] == "audit.event_rejected"]
    assert [(line["log_level"], line["action"]) for line in rejected] == [("error", action)] * 3
    await trail.stop()


@pytest.mark.parametrize("action", ["invalid", "poison"])
async def test_record_is_refused_for_the_event_that_is_never_accepted_alone(
    sink: Sink, trail: AuditTrail, action: str
) -> None:
    events = [trail.event(action if i == 3 else f"e{i}") for i in range(8)]
    await trail.start()
    results = await asyncio.gather(*(trail.record(event) for event in events), return_exceptions=True)
    assert [isinstance(result, Unavailable) for result in results] == [i == 3 for i in range(8)]
    assert sink.lines == [f"e{i}" for i in range(8) if i != 3]
    await trail.stop()


async def test_record_needs_no_more_than_its_own_call_once_the_registry_is_back(
    sink: Sink, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.audit.trail.RETRY_INTERVAL_S", 3600)
    trail = AuditTrail(sink, service="token_issuer", clock=clock)
    sink.away = True
    await trail.start()
    trail.note(trail.event("token.refused"))
    await until(lambda: sink.calls)
    with pytest.raises(Unavailable):
        await trail.record(trail.event("token.issued"))
    sink.away = False
    await trail.record(trail.event("token.issued"))
    assert sink.lines == ["token.issued"]  # while the noted one waits for its next attempt
    await trail.stop()
    assert sink.lines == ["token.issued", "token.refused"]


async def test_record_waits_for_none_of_the_noted_events(sink: Sink, trail: AuditTrail) -> None:
    for _ in range(MAX_NOTED):
        trail.note(trail.event("token.refused"))
    await trail.start()
    await trail.record(trail.event("token.issued"))
    assert sink.lines.index("token.issued") <= MAX_BATCH
    await trail.stop()
    assert len(sink.lines) == MAX_NOTED + 1


async def test_who_awaits_an_event_when_the_trail_stops_is_not_left_waiting(sink: Sink, trail: AuditTrail) -> None:
    sink.respond.clear()
    await trail.start()
    recorded = [asyncio.create_task(trail.record(trail.event("token.issued"))) for _ in range(3)]
    await until(lambda: sink.calls)
    sink.away = True
    await trail.stop()
    for result in await asyncio.gather(*recorded, return_exceptions=True):
        assert isinstance(result, Unavailable)
    with pytest.raises(Unavailable):
        await trail.record(trail.event("token.issued"))


async def test_who_awaits_an_event_gets_it_also_when_the_sender_ends_in_the_middle(
    sink: Sink, trail: AuditTrail
) -> None:
    sink.respond.clear()
    await trail.start()
    recorded = asyncio.create_task(trail.record(trail.event("token.issued")))
    await until(lambda: sink.calls)
    (sender,) = (task for task in asyncio.all_tasks() if task.get_name() == "audit_awaited")
    sender.cancel()
    sink.respond.set()
    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
        await recorded
    assert sink.lines == ["token.issued"]
    await trail.stop()
