"""Who waits where more calls arrive than can be served, in which order calls begin, and when they are refused."""

import asyncio
from math import ceil

import pytest

from gateway.proxy.overload.admission import (
    BEGINNING_S,
    BEGUN_PER_TURN,
    LONG_TURN_S,
    MAX_WAIT_S,
    OVER_AFTER_S,
    OVERLOADED_AFTER_S,
    Admission,
)
from tests.support.clock import FakeClock

LONG, SHORT = LONG_TURN_S * 2, LONG_TURN_S / 2
COST_S = BEGINNING_S * 0.3
"""Seconds that a call takes when it begins."""


class Calls:
    """What becomes of calls, in the order in which it does."""

    def __init__(self, admission: Admission, clock: FakeClock) -> None:
        self._admission, self._clock = admission, clock
        self.begun: list[str] = []
        self.shed: list[str] = []

    def arrive(self, client: str, count: int = 1) -> None:
        for _ in range(count):
            call = Call(self, client)
            if not self._admission.puts_off(call, client):
                call.admitted()

    def begin(self, client: str) -> None:
        self._clock.advance(COST_S)
        self.begun.append(client)


class Call:
    def __init__(self, calls: Calls, client: str) -> None:
        self._calls, self._client = calls, client

    def admitted(self) -> None:
        self._calls.begin(self._client)

    def shed(self) -> None:
        self._calls.shed.append(self._client)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def admission(clock: FakeClock) -> Admission:
    return Admission(clock.monotonic)


@pytest.fixture
def calls(admission: Admission, clock: FakeClock) -> Calls:
    """Under overload."""
    admission.measured(OVERLOADED_AFTER_S)
    assert admission.active
    return Calls(admission, clock)


def test_only_turns_that_are_long_for_a_while_are_an_overload(admission: Admission, clock: FakeClock) -> None:
    for seconds in (LONG, LONG, SHORT, LONG, LONG):
        admission.measured(seconds)
        clock.advance(OVERLOADED_AFTER_S * 0.6)
        assert not admission.active
    admission.measured(LONG)
    assert admission.active


async def test_it_is_over_when_no_call_has_had_to_wait_for_a_while(
    admission: Admission, calls: Calls, clock: FakeClock
) -> None:
    clock.advance(OVER_AFTER_S)
    calls.arrive("a", BEGUN_PER_TURN + 1)
    admission.measured(SHORT)
    assert admission.active
    await asyncio.sleep(0)
    clock.advance(OVER_AFTER_S)
    admission.measured(SHORT)
    assert not admission.active


async def test_so_few_calls_that_make_no_overload_begin_at_once(calls: Calls) -> None:
    calls.arrive("a", BEGUN_PER_TURN)
    assert len(calls.begun) == BEGUN_PER_TURN


async def test_a_turn_begins_some_calls_and_the_next_ones_the_others(admission: Admission, calls: Calls) -> None:
    calls.arrive("a", 3 * BEGUN_PER_TURN)
    begun = []
    while admission.waiting:
        begun.append(len(calls.begun))
        await asyncio.sleep(0)
    assert begun == [BEGUN_PER_TURN, 2 * BEGUN_PER_TURN]
    assert len(calls.begun) == 3 * BEGUN_PER_TURN
    assert not calls.shed


async def test_the_flood_of_one_client_does_not_delay_the_calls_of_others(calls: Calls) -> None:
    calls.arrive("192.0.2.1", 5 * BEGUN_PER_TURN)
    calls.arrive("192.0.2.2")
    calls.arrive("2001:db8::1", 3 * BEGUN_PER_TURN)
    calls.arrive("2001:db8::2")  # the same network, and so the same client
    await asyncio.sleep(0)
    first = calls.begun[BEGUN_PER_TURN:]
    assert first[:3] == ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
    assert "2001:db8::2" not in first


async def test_what_has_waited_for_too_long_is_refused_and_the_rest_goes_on(
    admission: Admission, calls: Calls, clock: FakeClock
) -> None:
    calls.arrive("a", 3 * BEGUN_PER_TURN)
    clock.advance(MAX_WAIT_S)
    calls.arrive("b", 2)
    while admission.waiting:
        await asyncio.sleep(0)
    assert len(calls.begun) + len(calls.shed) == 3 * BEGUN_PER_TURN + 2
    assert set(calls.shed) == {"a"}
    assert calls.begun.count("b") == 2


async def test_no_turn_refuses_more_than_others_can_wait_for(
    admission: Admission, calls: Calls, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Call, "shed", lambda call: clock.advance(COST_S))
    calls.arrive("a", 10 * BEGUN_PER_TURN)
    clock.advance(MAX_WAIT_S * 1.1)
    waiting = admission.waiting
    await asyncio.sleep(0)
    assert admission.waiting == waiting - BEGUN_PER_TURN - ceil(BEGINNING_S / COST_S)
    while admission.waiting:
        await asyncio.sleep(0)


async def test_calls_that_wait_when_it_is_over_still_begin(
    admission: Admission, calls: Calls, clock: FakeClock
) -> None:
    calls.arrive("a", BEGUN_PER_TURN + 2)
    admission.active = False
    await asyncio.sleep(0)
    assert len(calls.begun) == BEGUN_PER_TURN + 2
