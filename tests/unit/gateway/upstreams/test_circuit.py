"""The circuit opens after failures in a row with no address left, and lets one call at a time find out."""

import pytest

from gateway.upstreams.circuit import Circuit, CircuitState
from gateway.upstreams.settings import CircuitBreaker

BREAKER = CircuitBreaker(failures=3, window=10.0, open_for=2.0)


def opened(at: float = 0.0) -> Circuit:
    circuit = Circuit(BREAKER)
    assert [circuit.failed(at, all_out=True) for _ in range(3)] == [False, False, True]
    return circuit


def test_it_opens_at_so_many_failures_in_a_row_and_refuses_at_once() -> None:
    circuit = opened()
    assert circuit.state(0.0) is CircuitState.OPEN
    assert not circuit.allows("call", 1.9)
    assert circuit.retry_after(0.5) == 1.5


def test_a_response_between_the_failures_keeps_it_closed() -> None:
    circuit = Circuit(BREAKER)
    for _ in range(10):
        circuit.failed(0.0, all_out=True)
        circuit.failed(0.0, all_out=True)
        assert not circuit.responded()
    assert circuit.closed


def test_failures_of_one_caller_in_a_row_are_one() -> None:
    circuit = Circuit(BREAKER)
    assert not any(circuit.failed(0.0, all_out=True, caller="one") for _ in range(20))
    assert not circuit.failed(0.0, all_out=True, caller="another")
    assert circuit.failed(0.0, all_out=True, caller="one")


def test_nobody_keeps_it_open_alone() -> None:
    circuit = opened()
    for now, state in ((2.0, CircuitState.OPEN), (4.0, CircuitState.HALF_OPEN), (4.1, CircuitState.HALF_OPEN)):
        assert circuit.allows("call", now)
        circuit.failed(now, all_out=True, by="call", caller="one")
        assert circuit.state(now) is state
    assert circuit.allows("call", 4.2)
    circuit.failed(4.2, all_out=True, by="call")
    assert circuit.state(4.2) is CircuitState.OPEN


def test_failures_that_are_spread_over_more_than_the_window_keep_it_closed() -> None:
    circuit = Circuit(BREAKER)
    assert not any(circuit.failed(5.1 * n, all_out=True) for n in range(20))


def test_it_stays_closed_as_long_as_an_address_is_left() -> None:
    circuit = Circuit(BREAKER)
    assert not any(circuit.failed(0.0, all_out=False) for _ in range(20))
    assert circuit.failed(0.0, all_out=True)


def test_half_open_it_lets_one_call_at_a_time_through() -> None:
    circuit = opened()
    assert circuit.allows("one", 2.0)
    assert circuit.state(2.0) is CircuitState.HALF_OPEN
    assert not circuit.allows("two", 2.1)
    circuit.let_go("two")
    assert not circuit.allows("two", 2.2)
    circuit.pass_on("one", "its connection")
    circuit.let_go("one")
    assert not circuit.allows("two", 2.3)
    assert circuit.responded()
    assert circuit.allows("two", 2.4)
    assert circuit.closed


def test_a_failure_of_the_call_that_tries_opens_it_for_as_long_again() -> None:
    circuit = opened()
    assert circuit.allows("call", 2.0)
    circuit.pass_on("call", "connection")
    assert not circuit.failed(2.5, all_out=True, by="connection")
    assert circuit.state(4.4) is CircuitState.OPEN
    assert circuit.allows("next", 4.5)


def test_calls_that_were_sent_before_it_opened_do_not_keep_it_open() -> None:
    circuit = opened()
    assert circuit.allows("call", 2.0)
    circuit.failed(2.1, all_out=True, by="a connection of before")
    assert circuit.state(2.1) is CircuitState.HALF_OPEN
    assert not circuit.allows("another", 2.2)


@pytest.mark.parametrize("ending", ["its client leaves", "nothing comes of it"])
def test_a_call_that_ends_without_an_outcome_does_not_hold_the_place(ending: str) -> None:
    circuit = opened()
    assert circuit.allows("call", 2.0)
    if ending == "its client leaves":
        circuit.let_go("call")
        assert circuit.allows("next", 2.1)
    else:
        assert not circuit.allows("next", 3.9)
        assert circuit.allows("next", 4.0)
