"""The model that the running plane is judged by judges rightly itself."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.chaos.judge import Judge, Observation, Starvation
from tests.support.chaos.model import RECOVERY, Fault, Outcome, Thing

BOUND = 2.0


@pytest.fixture
def judge() -> Judge:
    return Judge(BOUND, Starvation())


@pytest.fixture
def thing() -> Thing:
    return Thing("api_token", "t", 0.0)


def done(thing: Thing, status: str, began: float, acked: float | None) -> None:
    thing.begin(status, began).acked = acked


def observed(thing: Thing, outcome: Outcome, sent: float, **others: Any) -> Observation:
    return Observation("g/1", (thing,), "g", frozenset({"g"}), outcome, sent, sent + 0.1, "200", **others)


def test_acceptance_is_right_until_a_second_after_the_acknowledgement(judge: Judge, thing: Thing) -> None:
    done(thing, "revoked", 9.9, 10.0)
    assert judge.violation(observed(thing, Outcome.ACCEPTED, 10.9)) is None
    assert "accepted 1.10 s after" in (judge.violation(observed(thing, Outcome.ACCEPTED, 11.1)) or "")
    assert judge.last_accepted[thing] == pytest.approx(1.1)


def test_acceptance_is_right_until_the_bound_where_neither_feed_nor_stream_was_there(
    judge: Judge, thing: Thing
) -> None:
    judge.streaming = True
    judge.faults = [Fault("cut", 9.0, feed=frozenset({"g"})), Fault("cut", 9.0, stream=frozenset({"g"}))]
    done(thing, "revoked", 9.9, 10.0)
    assert judge.violation(observed(thing, Outcome.ACCEPTED, 11.9)) is None
    assert judge.violation(observed(thing, Outcome.ACCEPTED, 12.1)) is not None


def test_the_stream_alone_is_enough_for_a_second(judge: Judge, thing: Thing) -> None:
    judge.faults = [Fault("cut", 9.0, feed=frozenset({"g"}))]
    done(thing, "revoked", 9.9, 10.0)
    assert judge.violation(observed(thing, Outcome.ACCEPTED, 11.1)) is None
    judge.streaming = True
    assert judge.violation(observed(thing, Outcome.ACCEPTED, 11.1)) is not None


def test_acceptance_after_a_refusal_is_wrong_at_once_unless_something_was_resumed(
    judge: Judge, thing: Thing
) -> None:
    done(thing, "suspended", 9.9, None)
    assert judge.violation(observed(thing, Outcome.REFUSED, 9.95)) is None
    assert (
        judge.violation(observed(thing, Outcome.ACCEPTED, 9.98))
        == "accepted after a refusal, and nothing was resumed"
    )
    done(thing, "active", 10.0, 10.1)
    assert judge.violation(observed(thing, Outcome.ACCEPTED, 10.1)) is None


def test_acceptance_is_wrong_once_the_receipt_says_that_all_have_applied_it(judge: Judge, thing: Thing) -> None:
    done(thing, "revoked", 9.9, 10.0)
    thing.events[-1].applied = 10.2
    assert judge.violation(observed(thing, Outcome.ACCEPTED, 10.1)) is None
    assert "by its receipt" in (judge.violation(observed(thing, Outcome.ACCEPTED, 10.3)) or "")
    judge.faults = [Fault("restart", 9.0, 9.1, begins_anew=frozenset({"g"}))]
    assert judge.violation(observed(thing, Outcome.ACCEPTED, 10.3)) is None


def test_what_nobody_acknowledged_may_be_so_or_not(judge: Judge, thing: Thing) -> None:
    done(thing, "suspended", 10.0, None)
    for outcome in Outcome:
        assert judge.violation(observed(thing, outcome, 30.0)) is None
    thing.resolve("active", 31.0)
    assert (thing.status, thing.active_since(32.0)) == ("active", 0.0)


def test_what_it_turned_out_to_be_counts_from_when_it_was_seen(thing: Thing) -> None:
    done(thing, "suspended", 10.0, None)
    done(thing, "revoked", 11.0, None)
    assert thing.uncertain
    thing.resolve("revoked", 12.0)
    assert (thing.status, thing.stopped_since(13.0), thing.stopped_since(11.9)) == ("revoked", 12.0, None)


def test_resume_in_flight_allows_both(judge: Judge, thing: Thing) -> None:
    done(thing, "suspended", 1.0, 1.1)
    done(thing, "active", 9.0, 9.5)
    assert judge.violation(observed(thing, Outcome.ACCEPTED, 9.2)) is None
    assert judge.violation(observed(thing, Outcome.REFUSED, 10.4)) is None
    assert "refused 1.10 s after it was active again" in (
        judge.violation(observed(thing, Outcome.REFUSED, 10.6)) or ""
    )


def test_refusing_what_was_never_stopped_is_wrong_at_once(judge: Judge, thing: Thing) -> None:
    judge.faults = [Fault("cut", 0.5, affects=frozenset({"g"}))]
    assert judge.violation(observed(thing, Outcome.REFUSED, 1.0)) == "refused what was never stopped"
    thing.lost = True
    assert judge.violation(observed(thing, Outcome.REFUSED, 1.0)) is None


def test_refusing_a_token_is_right_while_its_signing_key_is_new(judge: Judge, thing: Thing) -> None:
    key = Thing("signing_key", "sk", 10.0)
    observation = replace(observed(thing, Outcome.REFUSED, 10.9), depends_on=(thing, key))
    assert judge.violation(observation) is None
    assert judge.violation(replace(observation, sent=12.1, received=12.1)) is not None


def test_refusing_a_token_of_a_new_signing_key_does_not_count_as_its_revocation(judge: Judge, thing: Thing) -> None:
    key = Thing("signing_key", "sk", 10.0)
    done(thing, "suspended", 10.4, None)
    refused = replace(observed(thing, Outcome.REFUSED, 10.5), depends_on=(thing, key))
    assert judge.violation(refused) is None
    assert judge.violation(replace(refused, outcome=Outcome.ACCEPTED, sent=10.6, received=10.7)) is None


def test_stale_refusal_becomes_unknown_soon_after_the_bound_whatever_the_fault(judge: Judge, thing: Thing) -> None:
    done(thing, "suspended", 1.0, 1.1)
    done(thing, "active", 9.0, 9.5)
    judge.faults = [Fault("cut", 8.0, affects=frozenset({"g"}))]
    assert judge.violation(observed(thing, Outcome.REFUSED, 9.5 + BOUND + 0.9)) is None
    assert judge.violation(observed(thing, Outcome.REFUSED, 9.5 + BOUND + 1.1)) is not None


def test_unknown_may_last_a_while_and_as_long_as_a_fault_and_the_recovery_from_it(
    judge: Judge, thing: Thing
) -> None:
    fault = Fault("cut", 8.0, affects=frozenset({"g"}))
    judge.faults = [fault]
    for sent in (9.0, 30.0):
        assert judge.violation(observed(thing, Outcome.UNKNOWN, sent)) is None
    fault.ended = 31.0
    assert judge.violation(observed(thing, Outcome.UNKNOWN, 31.0 + RECOVERY - 0.1)) is None
    assert "cannot be used" in (judge.violation(observed(thing, Outcome.UNKNOWN, 31.0 + RECOVERY + 0.1)) or "")
    assert judge.violation(observed(thing, Outcome.ACCEPTED, 37.0)) is None
    assert judge.violation(observed(thing, Outcome.UNKNOWN, 38.0)) is None


def test_one_whom_nothing_reaches_accepts_for_no_longer_than_the_bound(judge: Judge, thing: Thing) -> None:
    judge.faults = [Fault("cut", 8.0, feed=frozenset({"g"}), total=True)]
    assert judge.violation(observed(thing, Outcome.ACCEPTED, 9.9, by_jwt_alone=True)) is None
    assert judge.violation(observed(thing, Outcome.ACCEPTED, 10.1, by_jwt_alone=True)) is not None
    assert judge.violation(observed(thing, Outcome.ACCEPTED, 10.1)) is None


def test_time_without_a_cpu_is_not_held_against_a_process(judge: Judge, thing: Thing) -> None:
    for at, waited in ((9.0, 1.0), (10.0, 1.0), (10.5, 1.4), (11.5, 1.5)):
        judge.starvation.add(at, {"g": waited, "other": 7 * at})
    done(thing, "revoked", 9.9, 10.0)
    assert judge.violation(observed(thing, Outcome.ACCEPTED, 11.4)) is None
    assert judge.violation(observed(thing, Outcome.ACCEPTED, 11.6)) is not None


def test_a_refusal_by_a_limit_takes_for_valid_what_was_stopped(judge: Judge, thing: Thing) -> None:
    done(thing, "revoked", 9.9, 10.0)
    assert judge.violation(observed(thing, Outcome.LIMITED, 10.9)) is None
    assert "accepted 1.10 s after" in (judge.violation(observed(thing, Outcome.LIMITED, 11.1)) or "")


def test_the_issuer_looks_at_limits_before_what_is_requested(judge: Judge, thing: Thing) -> None:
    booking = Thing("booking", "b", 0.0)
    done(booking, "revoked", 1.0, 1.1)
    limited = replace(observed(thing, Outcome.LIMITED, 10.0), depends_on=(thing, booking), place="token_issuer")
    refused = replace(limited, outcome=Outcome.REFUSED)
    assert [judge.violation(each) for each in (limited, refused, limited)] == [None, None, None]
    assert judge.violation(replace(limited, place="g")) is not None
