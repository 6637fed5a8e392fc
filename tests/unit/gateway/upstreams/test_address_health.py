"""An address that fails is left alone for a growing time, and one call lets it back."""

from math import inf

import pytest

from gateway.upstreams.address_health import MAX_EJECTION_S, STEADY_AFTER_S, AddressHealth
from gateway.upstreams.settings import CircuitBreaker, HealthCheck

BREAKER = CircuitBreaker(failures=3, window=10.0, open_for=1.0)
CHECK = HealthCheck("/health", healthy_after=2, unhealthy_after=3)


def ejected(at: float = 0.0) -> AddressHealth:
    health = AddressHealth(BREAKER)
    assert [health.failed(at) for _ in range(3)] == [0.0, 0.0, 1.0]
    return health


def test_it_is_out_after_failures_in_a_row_and_is_tried_after_its_time() -> None:
    health = ejected()
    assert not health.available
    assert health.probe_due_at == 1.0


def test_a_response_between_the_failures_keeps_it_in() -> None:
    health = AddressHealth(BREAKER)
    for _ in range(10):
        health.failed(0.0)
        health.failed(0.0)
        assert health.suspect
        assert not health.responded(0.0)
        assert not health.suspect
    assert health.available


def test_a_response_lets_it_back_at_once() -> None:
    health = ejected()
    health.begin_probe(1.0)
    assert health.responded(1.1)
    assert health.available
    assert health.probe_due_at == inf


def test_it_is_left_alone_for_longer_each_time_within_a_bound() -> None:
    health = ejected()
    times, now = [], 1.0
    for _ in range(10):
        health.begin_probe(now)
        times.append(health.failed(now))
        now = health.probe_due_at
    assert times[:4] == [2.0, 4.0, 8.0, 16.0]
    assert set(times[4:]) == {MAX_EJECTION_S}


def test_one_that_comes_and_goes_is_left_alone_for_longer_too_until_it_was_steady() -> None:
    health = ejected()
    health.begin_probe(1.0)
    health.responded(1.0)
    assert [health.failed(2.0) for _ in range(3)][-1] == 2.0
    health.begin_probe(4.0)
    health.responded(4.0)
    assert [health.failed(4.0 + STEADY_AFTER_S) for _ in range(3)][-1] == 1.0


def test_one_call_at_a_time_tries_it_and_one_without_an_outcome_does_not_block_it() -> None:
    health = ejected()
    health.begin_probe(1.0)
    assert health.probe_due_at == 2.0
    health.end_probe()
    assert health.probe_due_at == 1.0


def test_calls_that_were_sent_before_do_not_prolong_it() -> None:
    health = ejected()
    assert [health.failed(5.0) for _ in range(20)] == [0.0] * 20
    assert health.probe_due_at == 1.0


def test_when_the_upstream_is_back_it_is_tried_at_once() -> None:
    health = ejected()
    health.begin_probe(1.0)
    health.failed(1.0)
    health.try_soon(1.5)
    assert health.probe_due_at == 1.5


def test_checks_take_it_out_and_let_it_back_after_so_many_in_a_row() -> None:
    health = AddressHealth(BREAKER)
    results = [False, False, True, False, False, False, True, False, True, True]
    changed = [health.checked(CHECK, passed=passed) for passed in results]
    assert [number for number, change in enumerate(changed) if change] == [5, 9]
    assert health.available


def test_calls_do_not_let_back_what_its_checks_have_taken_out() -> None:
    health = ejected()
    for _ in range(3):
        health.checked(CHECK, passed=False)
    assert health.probe_due_at == inf
    health.responded(2.0)
    assert not health.available


@pytest.mark.parametrize("passed", [True, False])
def test_when_it_is_checked_in_another_way_what_was_found_before_does_not_count(passed: bool) -> None:
    health = AddressHealth(BREAKER)
    for _ in range(3):
        health.checked(CHECK, passed=False)
    health.forget_checks()
    assert health.available
    assert not health.checked(CHECK, passed=passed)


def test_checks_that_pass_after_the_last_failure_say_that_it_may_be_up_again() -> None:
    health = AddressHealth(BREAKER)
    for _ in range(5):
        health.checked(CHECK, passed=True)
    for _ in range(3):
        health.failed(0.0)
    assert not health.recovered
    recovered = []
    for passed in (True, False, True, True):
        health.checked(CHECK, passed=passed)
        recovered.append(health.recovered)
    assert recovered == [False, False, False, True]
    assert not health.available
    health.failed(1.0)
    assert not health.recovered
    health.forget_checks()
    assert not health.recovered
