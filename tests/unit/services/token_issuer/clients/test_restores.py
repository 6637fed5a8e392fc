"""Assertions from before a restore: refused, and while that is each that is signed now, 503."""

import pytest

from services.token_issuer.clients.restores import RestoreCutoff
from shared.errors import Unavailable
from tests.support.clock import FakeClock


def test_without_a_restore_none_was_used_before_one(clock: FakeClock) -> None:
    assert not RestoreCutoff(lambda: None, clock, leeway=55).may_have_been_used(0)


def test_until_the_leeway_is_over_it_is_503_with_the_time_that_is_left(clock: FakeClock) -> None:
    restored_at = clock.now()
    cutoff = RestoreCutoff(lambda: restored_at, clock, leeway=55)
    clock.advance(10)
    with pytest.raises(Unavailable) as error:
        cutoff.may_have_been_used(clock.now())
    assert error.value.retry_after == 45


def test_afterwards_what_was_issued_later_is_new_and_the_rest_may_have_been_used(clock: FakeClock) -> None:
    restored_at = clock.now()
    cutoff = RestoreCutoff(lambda: restored_at, clock, leeway=55)
    clock.advance(55)
    assert cutoff.may_have_been_used(restored_at + 54)
    assert not cutoff.may_have_been_used(restored_at + 55)
