"""The use of credentials is counted, each call once, within bounds, whatever becomes of the registry."""

import pytest
from prometheus_client import CollectorRegistry

from shared.contracts.usage.messages import MAX_COUNTS, Outcome
from shared.errors import CallRejected, Unavailable
from shared.usage import pending, recorder
from shared.usage.cells import Cell
from shared.usage.recorder import HEARTBEAT_INTERVAL_S, MAX_IDLE_ROUNDS, Usage
from tests.support.clock import FakeClock
from tests.support.doubles.usage import UsageSinkDouble

CLIENT: tuple[str, str, int, str, Outcome, str] = ("api_client", "pgck_1", 2, "site", "accepted", "")


@pytest.fixture
def sink() -> UsageSinkDouble:
    return UsageSinkDouble()


@pytest.fixture
def metrics() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def usage(sink: UsageSinkDouble, clock: FakeClock, metrics: CollectorRegistry) -> Usage:
    return Usage(sink, clock=clock, metrics=metrics)


def count(usage: Usage, calls: int = 1, *, route: str = "site", address: str = "192.0.2.1") -> None:
    for _ in range(calls):
        usage.count("api_client", "pgck_1", 2, route, "accepted", address=address)


def dropped(metrics: CollectorRegistry) -> float | None:
    return metrics.get_sample_value("usage_calls_dropped_total")


async def test_calls_are_reported_with_their_hour_and_the_time_of_the_last(
    usage: Usage, sink: UsageSinkDouble, clock: FakeClock
) -> None:
    count(usage, 3)
    usage.count("api_client", "pgck_1", 0, "/auth/token", "refused", "wrong_secret", proven=False)
    await usage.report()
    assert sink.calls == {CLIENT: 3, ("api_client", "pgck_1", 0, "/auth/token", "refused", "wrong_secret"): 1}
    used = {one.route: (one.hour, one.last_used_at) for one in sink.batches[0].counts}
    hour = int(clock.now() // 3600)
    assert used == {"site": (hour, clock.now()), "/auth/token": (hour, None)}


async def test_where_nothing_is_called_only_that_is_reported_and_seldom(
    usage: Usage, sink: UsageSinkDouble, clock: FakeClock
) -> None:
    for _ in range(10):
        await usage.report()
        clock.advance(HEARTBEAT_INTERVAL_S / 2)
    assert [(batch.counts, batch.counted_until) for batch in sink.batches] == [
        ((), clock.now() - n * HEARTBEAT_INTERVAL_S) for n in (5, 4, 3, 2, 1)
    ]


async def test_a_batch_says_until_when_all_calls_are_counted_once_that_is_known(
    usage: Usage, sink: UsageSinkDouble, clock: FakeClock
) -> None:
    for n in range(MAX_COUNTS + 1):
        count(usage, route=str(n))
    taken = clock.now()
    sink.failures = [(Unavailable(), False)]
    with pytest.raises(Unavailable):
        await usage.report()
    clock.advance(5)
    await usage.report()
    assert [batch.counted_until for batch in sink.batches] == [None, taken + 5]
    await usage.stop()
    assert [batch.ended for batch in sink.batches] == [False, False, True]


@pytest.mark.parametrize("cause", ["rejected", "no room to count", "no room to wait"])
async def test_a_batch_says_when_calls_were_lost_and_all_later_ones_do(
    usage: Usage, sink: UsageSinkDouble, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, cause: str
) -> None:
    await usage.report()
    with monkeypatch.context() as patch:
        if cause == "rejected":
            sink.failures = [(CallRejected(), False)]
        patch.setattr(*{"no room to count": (recorder, "MAX_CELLS", 0)}.get(cause, (pending, "MAX_PENDING", 0)))
        if cause == "rejected":
            patch.undo()
        clock.advance(1)
        count(usage)
        await usage.report()
        lost_at = clock.now()
    for _ in range(2):
        clock.advance(HEARTBEAT_INTERVAL_S)
        await usage.report()
    assert sink.calls == {}
    assert sink.batches[0].lost_at is None
    assert {batch.lost_at for batch in sink.batches[1:]} == {lost_at}


async def test_no_call_is_counted_twice_or_lost_when_responses_are_lost(
    usage: Usage, sink: UsageSinkDouble
) -> None:
    """A batch goes out again under its number, alone, until it is known to be added."""
    sink.failures = [(Unavailable(), added) for added in (True, False, True, True)]
    for calls in (3, 5, 7, 11):
        count(usage, calls)
        with pytest.raises(Unavailable):
            await usage.report()
    count(usage, 13)
    await usage.report()
    assert sink.calls == {CLIENT: 3 + 5 + 7 + 11 + 13}
    assert [number for _, number in sink.received] == [1, 1, 1, 1, 1, 2]


async def test_what_the_registry_rejects_is_dropped_and_counted(
    usage: Usage, sink: UsageSinkDouble, metrics: CollectorRegistry
) -> None:
    sink.failures = [(CallRejected(), False)]
    count(usage, 3)
    await usage.report()
    count(usage, 4)
    await usage.report()
    assert (sink.calls[CLIENT], dropped(metrics)) == (4, 3)


async def test_what_is_counted_while_the_registry_is_away_is_bounded_and_the_rest_is_counted_as_dropped(
    usage: Usage, sink: UsageSinkDouble, metrics: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "MAX_PENDING", 50)
    monkeypatch.setattr(recorder, "MAX_CELLS", 60)
    sink.failures = [(Unavailable(), False)] * 2
    for round_ in range(2):
        for n in range(150):
            count(usage, route=f"{round_}-{n}")
        with pytest.raises(Unavailable):
            await usage.report()
    await usage.report()
    lost = dropped(metrics)
    assert lost is not None
    assert sum(sink.calls.values()) + lost == 300
    assert lost == 200, "of each round 50 wait for the registry: those of one batch, and those behind it"


async def test_no_batch_has_more_counts_than_the_registry_takes(usage: Usage, sink: UsageSinkDouble) -> None:
    routes = 2 * MAX_COUNTS + 1
    for n in range(routes):
        count(usage, route=str(n))
    await usage.report()
    assert [len(batch.counts) for batch in sink.batches] == [MAX_COUNTS, MAX_COUNTS, 1]
    assert len(sink.calls) == routes


async def test_with_more_combinations_than_there_is_room_for_calls_are_counted_without_their_addresses(
    usage: Usage, sink: UsageSinkDouble, metrics: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever calls from a whole network of addresses takes no room from the others."""
    monkeypatch.setattr(recorder, "MAX_CELLS", 10)
    for n in range(1000):
        count(usage, address=f"2001:db8:0:{n:x}::1")
    usage.count("api_token", "t", 1, "site", "accepted")
    await usage.report()
    assert sink.calls == {CLIENT: 1000, ("api_token", "t", 1, "site", "accepted", ""): 1}
    assert dropped(metrics) == 0


@pytest.mark.parametrize("cells_before", [1, 2], ids=["without address", "not at all"])
async def test_a_cell_that_is_held_since_there_was_no_room_is_closed_with_the_next_report(
    usage: Usage, sink: UsageSinkDouble, monkeypatch: pytest.MonkeyPatch, cells_before: int
) -> None:
    monkeypatch.setattr(recorder, "MAX_CELLS", 1)
    for n in range(cells_before):
        count(usage, route=f"other-{n}")
    held = usage.cell("api_client", "pgck_1", 2, "site", "accepted", address="192.0.2.1")
    held.calls += 1
    usage.user(held, "a user")
    await usage.report()
    await usage.report()
    assert held.closed
    held = usage.cell("api_client", "pgck_1", 2, "site", "accepted", address="192.0.2.1")
    before = sink.calls[CLIENT]
    for _ in range(3):
        held.calls += 1
        await usage.report()
        assert not held.closed
    assert sink.calls[CLIENT] == before + 3


async def test_a_cell_that_is_held_counts_until_it_is_closed(usage: Usage, sink: UsageSinkDouble) -> None:
    """So that a call that comes again costs an increment, and what nobody calls any more takes no memory."""

    def cell() -> Cell:
        return usage.cell("api_client", "pgck_1", 2, "site", "accepted")

    held = cell()
    for _ in range(MAX_IDLE_ROUNDS + 2):
        held.calls += 1
        await usage.report()
    assert cell() is held
    for _ in range(MAX_IDLE_ROUNDS + 1):
        await usage.report()
    assert (held.closed, cell() is held) == (True, False)
    assert sink.calls == {CLIENT: MAX_IDLE_ROUNDS + 2}


async def test_what_is_not_called_any_more_makes_room_for_what_is(
    usage: Usage, sink: UsageSinkDouble, metrics: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "MAX_CELLS", 10)
    for route in range(10):
        count(usage, route=f"early-{route}")
    await usage.report()
    await usage.report()
    for route in range(10):
        count(usage, route=f"late-{route}")
    await usage.report()
    assert (sum(sink.calls.values()), dropped(metrics)) == (20, 0)


async def test_an_address_is_reported_once_an_hour_and_a_user_whenever_there_is_one(
    usage: Usage, sink: UsageSinkDouble, clock: FakeClock
) -> None:
    for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"):
        count(usage, address=address)
    await usage.report()
    count(usage)
    await usage.report()
    clock.advance(3600)
    count(usage)
    await usage.report()
    assert [len(batch.counts[0].addresses) for batch in sink.batches] == [3, 0, 1]
    cell = usage.count("access_key", "k", 1, "/generate", "accepted")
    for user in ('"a"', '"b"', '"a"'):
        usage.user(cell, user)
    await usage.report()
    assert len(sink.batches[-1].counts[0].users) == 2


async def test_issued_tokens_are_counted_by_the_minute_in_which_they_end(
    usage: Usage, sink: UsageSinkDouble
) -> None:
    for expires_at in (6_001.0, 6_060, 6_060.5):
        usage.issued("api_client", "pgck_1", 1, "jwt", expires_at)
    usage.issued("access_key", "k", 1, "session_token", 6_000, 1)
    usage.issued("access_key", "k", 1, "session_token", 6_000, -1)
    await usage.report()
    assert sink.issued == {
        ("api_client", "pgck_1", 1, "jwt", 6_060): 2,
        ("api_client", "pgck_1", 1, "jwt", 6_120): 1,
        ("access_key", "k", 1, "session_token", 6_000): 0,
    }


async def test_what_was_counted_is_reported_when_the_process_stops(usage: Usage, sink: UsageSinkDouble) -> None:
    await usage.start()
    count(usage, 5)
    await usage.stop()
    assert sink.calls == {CLIENT: 5}


async def test_what_cannot_be_reported_at_the_end_is_counted_as_dropped(
    usage: Usage, sink: UsageSinkDouble, metrics: CollectorRegistry
) -> None:
    sink.failures = [(Unavailable(), False)] * 3
    count(usage, 2)
    with pytest.raises(Unavailable):
        await usage.report()
    count(usage, 3)
    await usage.stop()
    assert dropped(metrics) == 5
