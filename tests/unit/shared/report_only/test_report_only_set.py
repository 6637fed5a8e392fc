"""What depends on an object whose stop is tried is counted, until the trial ends, and only then."""

from dataclasses import dataclass, field

import pytest

from shared.contracts.report_only import ReportOnlyBatch, ReportOnlyList, TrialStop
from shared.errors import Unavailable
from shared.report_only.counts import ReportOnlyCounts
from shared.report_only.report_only_set import ReportOnlySet
from tests.support.clock import FakeClock


@dataclass
class Registry:
    tried: list[TrialStop] = field(default_factory=list)
    away: bool = False
    batches: list[ReportOnlyBatch] = field(default_factory=list)

    async def report_only_list(self) -> ReportOnlyList:
        if self.away:
            raise Unavailable
        return ReportOnlyList(stops=tuple(self.tried), scopes=("sms:send",))

    async def add_report_only(self, batch: ReportOnlyBatch) -> None:
        self.batches.append(batch)


class Desk:
    def __init__(self, clock: FakeClock) -> None:
        self.registry = Registry()
        self.counts = ReportOnlyCounts(self.registry, clock=clock)
        self.report_only = ReportOnlySet(self.registry, self.counts, clock)

    async def counted(self, *depends_on: str) -> list[tuple[str, str, str, int]]:
        """What a call that depends on these is counted as."""
        self.registry.batches.clear()
        self.report_only.count_stop(depends_on, "company", "request-1")
        await self.counts.stop()
        return [(c.kind, c.name, c.cause, c.count) for batch in self.registry.batches for c in batch.counts]


@pytest.fixture
def desk(clock: FakeClock) -> Desk:
    return Desk(clock)


async def test_call_is_counted_once_for_what_it_depends_on_while_the_trial_lasts(
    desk: Desk, clock: FakeClock
) -> None:
    assert await desk.counted("client", "company") == []
    until = clock.now() + 60
    desk.registry.tried = [
        TrialStop(id="company", status="suspended", until=until),
        TrialStop(id="client", status="revoked", until=until),
    ]
    await desk.report_only.poll()
    assert await desk.counted("client", "company") == [("stop", "client", "revoked", 1)]
    assert await desk.counted("other", "company") == [("stop", "company", "suspended", 1)]
    assert await desk.counted("other") == []
    clock.advance(60)
    assert await desk.counted("client", "company") == []


async def test_while_the_registry_is_unavailable_the_known_trials_go_on(desk: Desk, clock: FakeClock) -> None:
    desk.registry.tried = [TrialStop(id="client", status="suspended", until=clock.now() + 60)]
    await desk.report_only.poll()
    desk.registry.away = True
    with pytest.raises(Unavailable):
        await desk.report_only.poll()
    assert await desk.counted("client") == [("stop", "client", "suspended", 1)]
    desk.registry.away, desk.registry.tried = False, []
    await desk.report_only.poll()
    assert await desk.counted("client") == []


async def test_scopes_stay_report_only_while_the_registry_is_unavailable(desk: Desk) -> None:
    assert "sms:send" not in desk.report_only.scopes
    await desk.report_only.poll()
    desk.registry.away = True
    with pytest.raises(Unavailable):
        await desk.report_only.poll()
    assert "sms:send" in desk.report_only.scopes
