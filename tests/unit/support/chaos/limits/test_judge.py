"""The model of limits finds what is wrong, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.chaos.judge import Judge, Observation, Starvation
from tests.support.chaos.limits.history import LimitEvent, bounds, limits_of
from tests.support.chaos.limits.judge import GIVEN_BACK_S, LimitJudge
from tests.support.chaos.limits.told import NOTHING_TOLD, Told
from tests.support.chaos.model import PROMPT, RECOVERY, Fault, Outcome, Thing

QUOTA = {"quota": {"calls": 10, "per": "day"}}
RATE = {"rate": {"calls": 30, "per_seconds": 60}}
GATEWAY = "gateway-1"
IN_FORCE = 10.0 + PROMPT + 0.01
"""Seconds: limits are set at 10."""


class Caller:
    """Calls, one after the other, with what depends on `thing` alone."""

    def __init__(self) -> None:
        self.judge = Judge(2.0, Starvation())
        self.limits = LimitJudge(self.judge)
        self.thing = Thing("api_client", "c", 0.0)

    def set(self, limits: dict[str, Any] | None, at: float, acked: float | None) -> LimitEvent:
        event = self.thing.limits.begin(limits_of(limits), at)
        event.acked = acked
        return event

    def told(self, limits: dict[str, Any] | None, exceeded: str = "") -> Told:
        if limits is None:
            return NOTHING_TOLD
        policies = frozenset(b.policy("credential") for b in bounds(limits_of(limits), rates_alone=False))
        return Told(policies, '"credential-quota";r=0;t=1', "1", exceeded)

    def passed(self, at: float, limits: dict[str, Any] | None, **others: Any) -> str | None:
        return self.call(self.observed(Outcome.ACCEPTED, at, self.told(limits)), **others)

    def refused(self, at: float, limits: dict[str, Any], exceeded: str, **others: Any) -> str | None:
        return self.call(self.observed(Outcome.LIMITED, at, self.told(limits, exceeded)), **others)

    def observed(self, outcome: Outcome, at: float, told: Told = NOTHING_TOLD) -> Observation:
        things = (self.thing,)
        found = Observation("w", things, GATEWAY, frozenset({GATEWAY}), outcome, at, at, "")
        return replace(found, place=GATEWAY, limited_by=things, told=told)

    def call(self, observed: Observation, **others: Any) -> str | None:
        observed = replace(observed, **others)
        self.limits.sent(observed.limited_by, observed.place)
        return self.limits.violation(observed)


@pytest.fixture
def caller() -> Caller:
    return Caller()


def test_a_quota_lets_through_what_it_says_and_one_more_call_is_too_many(caller: Caller) -> None:
    caller.set(QUOTA, 9.9, 10.0)
    for number in range(10):
        assert caller.passed(IN_FORCE + number, QUOTA) is None
    assert caller.refused(IN_FORCE + 10, QUOTA, "quota") is None
    assert "11 calls of api_client c passed" in (caller.passed(IN_FORCE + 10, QUOTA) or "")


def test_a_rate_lets_through_a_burst_and_what_comes_back_since(caller: Caller) -> None:
    caller.set(RATE, 9.9, 10.0)
    for _ in range(30):
        assert caller.passed(IN_FORCE, RATE) is None
    assert caller.passed(IN_FORCE + 2, RATE) is None
    assert "32 calls" in (caller.passed(IN_FORCE + 2, RATE) or "")


def test_calls_count_wherever_they_are_made_and_with_whichever_secret(caller: Caller) -> None:
    caller.set(QUOTA, 9.9, 10.0)
    for number in range(10):
        assert caller.passed(IN_FORCE, QUOTA, place=f"gateway-{number % 3 + 1}", what=f"w{number % 2}") is None
    assert caller.passed(IN_FORCE, QUOTA, place="gateway-2") is not None


def test_a_refusal_by_a_limit_that_cannot_be_used_up_is_wrong(caller: Caller) -> None:
    caller.set(QUOTA, 9.9, 10.0)
    assert "at most 0.0 of 10 calls of api_client c are used" in (caller.refused(10.1, QUOTA, "quota") or "")
    assert "there is none" in (caller.refused(10.1, QUOTA, "rate") or "")
    assert "not nothing" in (caller.refused(5.0, QUOTA, "quota") or "")


def test_a_refusal_is_right_by_calls_that_are_underway_or_had_no_response(caller: Caller) -> None:
    caller.set(QUOTA, 9.9, 10.0)
    for _ in range(5):
        caller.limits.sent((caller.thing,), "gateway-3")
        assert caller.call(caller.observed(Outcome.UNKNOWN, 10.2)) is None
    assert caller.refused(10.3, QUOTA, "quota") is None


def test_a_call_with_an_invalid_credential_counts_for_nobody_at_a_gateway(caller: Caller) -> None:
    caller.set(QUOTA, 9.9, 10.0)
    for _ in range(20):
        assert caller.call(caller.observed(Outcome.REFUSED, 10.2)) is None
    assert caller.refused(10.3, QUOTA, "quota") is not None


def test_half_of_a_rate_may_be_credit_of_others(caller: Caller) -> None:
    caller.set(RATE, 9.9, 10.0)
    for _ in range(14):
        caller.passed(10.1, RATE)
    assert caller.refused(10.1, RATE, "rate") is not None
    caller.passed(10.1, RATE)
    assert caller.refused(10.1, RATE, "rate") is None


def test_a_limit_that_was_raised_or_removed_refuses_nobody_a_second_later(caller: Caller) -> None:
    caller.set(QUOTA, 9.9, 10.0)
    for _ in range(10):
        caller.passed(IN_FORCE, QUOTA)
    raised = {"quota": {"calls": 20, "per": "day"}}
    caller.set(raised, 20.0, 20.1)
    assert caller.refused(20.1 + PROMPT - 0.01, QUOTA, "quota") is None
    assert caller.refused(20.1 + PROMPT + 0.01, raised, "quota") is not None
    assert "credential-quota" in (caller.refused(20.1 + PROMPT + 0.01, QUOTA, "quota") or "")
    caller.set(None, 30.0, 30.1)
    assert "not nothing" in (caller.refused(30.1 + PROMPT + 0.01, QUOTA, "quota") or "")


def test_a_response_that_does_not_know_a_limit_is_wrong_a_second_after_it_was_set(caller: Caller) -> None:
    caller.set(QUOTA, 9.9, 10.0)
    assert caller.passed(10.0 + PROMPT - 0.01, None) is None
    assert "says of api_client c nothing" in (caller.passed(IN_FORCE, None) or "")
    assert caller.passed(IN_FORCE, QUOTA) is None


def test_what_cannot_follow_may_go_by_the_limits_of_before_until_it_can_again(caller: Caller) -> None:
    fault = Fault("cut", 9.0, feed=frozenset({GATEWAY}))
    caller.judge.faults = [fault]
    caller.set(QUOTA, 9.9, 10.0)
    assert caller.passed(30.0, None) is None
    fault.ended = 31.0
    assert caller.passed(31.0 + RECOVERY, None) is None
    assert caller.passed(31.1 + RECOVERY, None) is not None


def test_a_change_that_nobody_acknowledged_may_be_so_or_not_until_it_is_resolved(caller: Caller) -> None:
    caller.set(QUOTA, 9.9, None)
    assert caller.passed(30.0, None) is None
    assert caller.passed(30.0, QUOTA) is None
    caller.thing.limits.resolve(limits_of(QUOTA), 31.0)
    assert caller.passed(31.01 + PROMPT, None) is not None


def test_what_counts_alone_lets_through_more_and_never_any_number(caller: Caller) -> None:
    caller.judge.faults = [Fault("restart of Valkey", 9.0, alone=frozenset({GATEWAY}))]
    caller.set(QUOTA, 9.9, 10.0)
    passed = [caller.passed(IN_FORCE, QUOTA) for _ in range(40)]
    assert passed[11] is None
    assert passed[-1] is not None
    assert caller.refused(IN_FORCE, QUOTA, "quota") is None


def test_a_call_that_another_limit_refused_may_have_had_a_turn_for_a_while(caller: Caller) -> None:
    both = {**QUOTA, "rate": {"calls": 1, "per_seconds": 60}}
    caller.set(both, 9.9, 10.0)
    caller.passed(10.2, both)
    for _ in range(10):
        assert caller.refused(10.2, both, "rate") is None
    assert caller.refused(10.3, both, "quota") is None
    caller.set(QUOTA, 10.4, 10.5)
    assert caller.refused(10.3 + GIVEN_BACK_S, QUOTA, "quota") is not None


def test_a_refusal_by_a_limit_has_its_fields(caller: Caller) -> None:
    caller.set(QUOTA, 9.9, 10.0)
    told = caller.told(QUOTA, "quota")
    for lacking, name in ((replace(told, state=""), "RateLimit"), (replace(told, retry_after="0"), "Retry-After")):
        assert f"without {name}" in (caller.call(caller.observed(Outcome.LIMITED, 10.2, lacking)) or "")


def test_at_a_token_endpoint_rates_hold_and_count_apart_from_calls(caller: Caller) -> None:
    both = {**QUOTA, **RATE}
    caller.set(both, 9.9, 10.0)
    for _ in range(30):
        caller.passed(10.2, both, place="token_issuer", told=caller.told(RATE))
    assert caller.passed(IN_FORCE, RATE, place="token_issuer") is None
    assert caller.refused(IN_FORCE, both, "rate") is not None
