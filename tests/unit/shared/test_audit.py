import asyncio
from collections.abc import Sequence

import pytest

from shared.audit import AuditTrail
from shared.contracts.key_registry import AuditEvent
from shared.errors import Unavailable
from tests.support.clock import FakeClock
from tests.support.waiting import until


class Sink:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.calls = 0
        self.away = False

    async def audit(self, events: Sequence[AuditEvent]) -> None:
        self.calls += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable
        self.lines += [event.action for event in events]


@pytest.fixture
def sink() -> Sink:
    return Sink()


async def test_recorded_event_is_durable_before_record_returns(sink: Sink, clock: FakeClock) -> None:
    trail = AuditTrail(sink, service="token_issuer", clock=clock)
    await trail.start()
    await trail.record(trail.event("token.issued"))
    assert sink.lines == ["token.issued"]
    await trail.stop()


async def test_events_of_concurrent_requests_share_a_call(sink: Sink, clock: FakeClock) -> None:
    trail = AuditTrail(sink, service="token_issuer", clock=clock)
    await trail.start()
    await asyncio.gather(*(trail.record(trail.event(f"e{i}")) for i in range(50)))
    assert sink.lines == [f"e{i}" for i in range(50)]
    assert sink.calls <= 2
    await trail.stop()


async def test_record_is_refused_when_the_line_is_not_known_to_be_durable(sink: Sink, clock: FakeClock) -> None:
    trail = AuditTrail(sink, service="token_issuer", clock=clock)
    await trail.start()
    sink.away = True
    with pytest.raises(Unavailable):
        await trail.record(trail.event("token.issued"))
    await trail.stop()


async def test_noted_events_outlast_an_outage_in_their_order(sink: Sink, clock: FakeClock) -> None:
    trail = AuditTrail(sink, service="gateway", clock=clock)
    sink.away = True
    await trail.start()
    for i in range(3):
        trail.note(trail.event(f"refused.{i}"))
    await until(lambda: sink.calls)
    sink.away = False
    await trail.stop()
    assert sink.lines == ["refused.0", "refused.1", "refused.2"]
