"""What limits let through: the narrowest of each kind, and what the caller learns."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.key_registry import Change
from shared.contracts.limits import ObjectLimits
from shared.limits.exceeded import Exceeded, LimitCause, OnlyReported
from shared.limits.limited_call import WaitingCall
from tests.support.clock import FakeClock
from tests.support.doubles.limits import SharesInMemory
from tests.support.limited import CLIENT, LimitedProcess, limited_process, limits_of

IDS = ("company", "booking", "client")
DAY = {"calls": 3, "per": "day"}


def process_with(clock: FakeClock, *limits: object) -> LimitedProcess:
    return limited_process(SharesInMemory(clock), clock, *limits)  # type: ignore[arg-type]


async def refusal(process: LimitedProcess, *ids: str, client: str = CLIENT, route: str = "site") -> Exceeded:
    outcome = await process.outcome(*ids, client=client, route=route)
    assert isinstance(outcome, Exceeded)
    return outcome


sizes = st.none() | st.integers(1, 30)


@given(company=sizes, booking=sizes, client=sizes, per_day=sizes)
async def test_the_narrowest_limit_of_each_kind_holds(
    company: int | None, booking: int | None, client: int | None, per_day: int | None
) -> None:
    """Whoever's it is, and whichever of them are there."""
    bursts = dict(zip(IDS, (company, booking, client), strict=True))
    limits = [
        limits_of(kind, kind, rate={"calls": 1, "per_seconds": 3600, "burst": burst})
        for kind, burst in bursts.items()
        if burst is not None
    ]
    if per_day is not None:
        limits.append(limits_of("access_key", "key", quota={"calls": per_day, "per": "month"}))
    process = process_with(FakeClock(), *limits)
    narrowest = min((size for size in (company, booking, client, per_day) if size is not None), default=40)
    assert await process.passed(40, *IDS, "key") == min(40, narrowest)


async def test_a_call_that_one_limit_refuses_counts_against_no_other(clock: FakeClock) -> None:
    of_company = limits_of("company", "company", quota={"calls": 5, "per": "day"})
    process = process_with(clock, of_company, limits_of("booking", "b", quota=DAY))
    assert await process.passed(20, "company", "b") == 3
    assert await process.passed(20, "company") == 2


async def test_a_limit_of_a_company_is_one_for_all_its_credentials(clock: FakeClock) -> None:
    process = process_with(clock, limits_of("company", "company", quota=DAY))
    assert await process.passed(2, "company", "one") + await process.passed(2, "company", "two") == 3


async def test_a_quota_begins_anew_at_midnight_in_utc(clock: FakeClock) -> None:
    clock.skew(datetime(2026, 11, 27, 23, 0, tzinfo=UTC).timestamp() - clock.now())
    process = process_with(clock, limits_of("company", "company", quota=DAY))
    assert await process.passed(5, "company") == 3
    exceeded = await refusal(process, "company")
    assert (exceeded.cause, exceeded.retry_after) == ("quota_exceeded", 3600)
    clock.advance(3600)
    assert await process.passed(5, "company") == 3


async def test_a_refusal_says_which_limit_it_was_and_when_to_come_again(clock: FakeClock) -> None:
    process = process_with(clock, limits_of("api_client", "c1", rate={"calls": 1, "per_seconds": 10, "burst": 2}))
    assert await process.passed(2, "c1") == 2
    exceeded = await refusal(process, "c1")
    assert exceeded.cause == "rate_exceeded"
    assert exceeded.limit == "rate of API client c1"
    assert exceeded.expected == "at most 1 calls in 10 s, 2 at once: rate of API client c1"
    assert exceeded.retry_after == 10
    assert exceeded.fields == (
        ("RateLimit-Policy", '"credential-rate";q=2;w=20'),
        ("RateLimit", '"credential-rate";r=0;t=20'),
    )
    clock.advance(exceeded.retry_after)
    assert await process.passed(2, "c1") == 1


async def test_the_fields_name_each_limit_and_what_is_left_of_the_one_nearest_to_its_end(clock: FakeClock) -> None:
    process = process_with(
        clock,
        limits_of("company", "company", rate={"calls": 100, "per_seconds": 1}),
        limits_of("booking", "b", quota={"calls": 4, "per": "day"}),
    )
    assert await process.passed(1, "company", "b") == 1
    call = process.table.of(("company", "b"), client=CLIENT, route="site")
    assert call is not None
    policy, state = call.lines()
    assert policy == 'RateLimit-Policy: "company-rate";q=100;w=1, "booking-quota";q=4;w=86400'
    assert state.startswith('RateLimit: "booking-quota";r=3;t=')


@pytest.mark.parametrize(
    ("client", "passes"),
    [
        ("203.0.113.255", True),
        ("203.0.114.0", False),
        ("::ffff:203.0.113.9", True),
        ("2001:db8:1::1", True),
        ("2001:db9::1", False),
        ("", False),
        ("unix", False),
    ],
)
async def test_a_call_comes_from_an_address_that_the_limits_name(
    clock: FakeClock, client: str, passes: bool
) -> None:
    process = process_with(clock, limits_of("company", "c", addresses=["203.0.113.0/24", "2001:db8:1::/48"]))
    if passes:
        assert await process.outcome("c", client=client) is None
        return
    exceeded = await refusal(process, "c", client=client)
    assert (exceeded.cause, exceeded.retry_after, exceeded.found) == ("address_not_allowed", None, client)
    assert exceeded.expected == "203.0.113.0/24 or 2001:db8:1::/48: addresses of company c"


async def test_addresses_and_routes_of_all_levels_hold_together(clock: FakeClock) -> None:
    process = process_with(
        clock,
        limits_of("company", "c", addresses=["203.0.113.0/24"], routes=["site", "sms"]),
        limits_of("api_token", "t", addresses=["203.0.113.7"], routes=["sms", "other"]),
    )
    assert await process.outcome("c", "t", route="sms") is None
    assert (await refusal(process, "c", "t", route="sms", client="203.0.113.8")).limit == "addresses of API token t"
    assert (await refusal(process, "c", "t", route="site")).cause == "route_not_allowed"
    assert (await refusal(process, "c", "t", route="other")).limit == "routes of company c"


async def test_what_is_only_reported_refuses_nothing_and_is_named_each_time(clock: FakeClock) -> None:
    process = process_with(
        clock,
        limits_of("company", "c", rate={"calls": 1, "per_seconds": 60, "report_only": True}, quota=DAY),
        limits_of("api_token", "t", routes=["sms"], quota={"calls": 1, "per": "day"}, report_only=True),
    )
    causes = []
    for _ in range(4):
        outcome = await process.outcome("c", "t")
        causes.append([e.cause for e in outcome.exceeded] if isinstance(outcome, OnlyReported) else outcome)
    first, *others, last = causes
    assert first == ["route_not_allowed"]
    assert others == [["route_not_allowed", "rate_exceeded", "quota_exceeded"]] * 2
    assert isinstance(last, Exceeded)
    assert last.limit == "quota of company c"


async def test_what_is_known_to_be_used_up_is_not_asked_about(clock: FakeClock) -> None:
    store = SharesInMemory(clock)
    process = limited_process(store, clock, limits_of("company", "c", quota=DAY))
    assert await process.passed(4, "c") == 3
    rounds = store.rounds
    assert await process.passed(50, "c") == 0
    assert store.rounds == rounds


async def test_as_long_as_much_is_free_a_call_waits_for_nobody(clock: FakeClock) -> None:
    rate = {"calls": 1000, "per_seconds": 1, "burst": 10_000}
    process = process_with(clock, limits_of("company", "c", rate=rate))
    waited = 0
    for n in range(2000):
        call = process.table.of(["c"], client=CLIENT, route="site")
        assert call is not None
        outcome = call.take()
        if isinstance(outcome, WaitingCall):
            waited += 1
            assert await process.of_call(call) is None
        if n % 50 == 0:
            await process.shares.renew()
    assert waited < 20


@pytest.mark.parametrize(
    ("limits", "cause"),
    [
        ({"addresses": ["the office"]}, LimitCause.ADDRESS_NOT_ALLOWED),
        ({"routes": {"not": "site"}}, LimitCause.ROUTE_NOT_ALLOWED),
        ({"rate": {"calls": "many"}}, LimitCause.RATE_EXCEEDED),
        ({"quota": {"calls": 5, "per": "week"}}, LimitCause.QUOTA_EXCEEDED),
        ({"quota": {"calls": 5, "per": "day", "report_only": "at night"}}, LimitCause.QUOTA_EXCEEDED),
    ],
)
async def test_a_limit_that_is_not_understood_lets_nobody_through_and_the_others_hold(
    clock: FakeClock, limits: dict[str, Any], cause: LimitCause
) -> None:
    """A registry of a newer release may have written it."""
    process = process_with(clock, ObjectLimits(kind="company", id="c", limits=limits))
    assert (await refusal(process, "c")).cause == cause
    if "addresses" not in limits:
        both = {**limits, "addresses": ["192.0.2.0/24"]}
        process = process_with(clock, ObjectLimits(kind="company", id="c", limits=both))
        assert (await refusal(process, "c", client="203.0.113.9")).cause == LimitCause.ADDRESS_NOT_ALLOWED
    process.table.apply(
        Change(
            seq=1,
            kind="company",
            id="c",
            status="active",
            at=1.0,
            limits=ObjectLimits(limits={"routes": ["site"]}),
        )
    )
    assert await process.outcome("c") is None


async def test_ipv4_networks_that_are_written_as_ipv6_have_the_same_addresses(clock: FakeClock) -> None:
    limits = limits_of("company", "c", addresses=["::ffff:203.0.113.0/120", "::ffff:192.0.2.1"])
    process = process_with(clock, limits)
    for client in ("203.0.113.7", "::ffff:203.0.113.7", "192.0.2.1"):
        assert await process.outcome("c", client=client) is None
    assert (await refusal(process, "c", client="192.0.2.2")).cause == LimitCause.ADDRESS_NOT_ALLOWED


@pytest.mark.parametrize("credit_of", ["company", "t"])
async def test_however_many_calls_come_at_once_no_limit_is_exceeded(clock: FakeClock, credit_of: str) -> None:
    """Also where one limit has credit here and calls wait for another."""
    store, hour = SharesInMemory(clock), {"calls": 3600, "per_seconds": 3600}
    process = limited_process(
        store,
        clock,
        limits_of("company", "company", rate={**hour, "burst": 40}, quota={"calls": 400, "per": "day"}),
        limits_of("api_token", "t", rate={**hour, "burst": 1000}),
        limits_of("api_token", "u", rate={**hour, "burst": 1000}),
    )
    passed = await process.passed(3, "company" if credit_of == "company" else "t")
    counted = passed if credit_of == "company" else 0
    for ids in (("company", "t"), ("company", "u"), ("company", "t")):
        passed_now = await process.passed_at_once(100, *ids)
        counted += passed_now
    assert counted == 40


async def test_call_that_leaves_while_it_waits_uses_no_credit(clock: FakeClock) -> None:
    hour = {"calls": 3600, "per_seconds": 3600}
    process = process_with(
        clock,
        limits_of("company", "company", rate={**hour, "burst": 10}),
        limits_of("api_token", "t", rate={**hour, "burst": 100}),
    )
    assert await process.passed(1, "company") == 1
    await process.passed_at_once(3, "company", "t", leaving=3)
    assert await process.passed_at_once(50, "company") >= 9


@pytest.mark.parametrize(
    "limits", [{"rate": {"calls": 1, "per_seconds": 3600, "burst": 5}}, {"quota": {"calls": 5, "per": "day"}}]
)
@pytest.mark.parametrize("available", [True, False])
async def test_calls_that_leave_while_they_wait_use_nothing(
    limits: dict[str, Any], available: bool, clock: FakeClock
) -> None:
    store = SharesInMemory(clock)
    process = limited_process(store, clock, limits_of("company", "company", **limits))
    assert await process.passed_at_once(8, "company", leaving=5) == 3
    store.available = available
    await process.shares.renew()
    assert await process.passed(5, "company") == 2


async def leave_once_asked(process: LimitedProcess, store: SharesInMemory, calls: int) -> None:
    """Each after the store has been asked, and before its reply is here."""
    call = process.table.of(("company", "booking"), client=CLIENT, route="site")
    assert call is not None
    waiting = [
        asyncio.create_task(each.outcome()) for _ in range(calls) if isinstance(each := call.take(), WaitingCall)
    ]
    await asyncio.sleep(0)
    execute = store.execute

    async def slow(*command: Any) -> list[int]:
        reply = await execute(*command)
        for task in waiting:
            task.cancel()
        await asyncio.sleep(0)
        return reply

    store.execute = slow  # type: ignore[method-assign]
    await process.shares.renew()
    store.execute = execute  # type: ignore[method-assign]
    assert all(
        result is None or isinstance(result, BaseException)
        for result in await asyncio.gather(*waiting, return_exceptions=True)
    )


@pytest.mark.parametrize("calls", [1, 5, 9])
async def test_calls_that_leave_once_they_were_asked_about_use_nothing(calls: int, clock: FakeClock) -> None:
    store = SharesInMemory(clock)
    quota = {"calls": 5, "per": "day"}
    limits = limits_of("company", "company", quota=quota), limits_of("booking", "booking", quota=quota)
    process = limited_process(store, clock, *limits)
    await leave_once_asked(process, store, calls)
    assert await process.passed(9, "company", "booking") == 5
