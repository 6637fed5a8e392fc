"""Limits hold once a call is decided upon, for every kind of credential, also for calls that come again."""

import asyncio
from typing import Any

import pytest

from gateway.edge.client_origin import Origin, unproxied
from gateway.forwarding.forward import Forward
from gateway.refused_calls.problems import Refusal
from gateway.refused_calls.response import render
from shared.contracts.key_registry import Change
from shared.contracts.limits import ObjectLimits
from shared.report_only.counts import WouldRefuse
from tests.support.clock import FakeClock
from tests.support.doubles.desk import API_TOKEN, SESSION, Desk
from tests.support.http1.heads import head_of
from tests.support.limited import limits_of

CLIENT = "9.9.9.9"
TWO = {"calls": 2, "per_seconds": 60}
JWT_LINE, SMS_LINE, EDITOR_LINE = (
    "GET /site HTTP/1.1",
    "GET /sms HTTP/1.1",
    f"GET /editor?apitoken={SESSION} HTTP/1.1",
)


@pytest.fixture
async def desk(clock: FakeClock) -> Desk:
    desk = Desk(clock)
    await desk.keys.refresh()
    return desk


def limit(desk: Desk, kind: Any, id_: str, seq: int = 1, **limits: Any) -> None:
    found = limits_of(kind, id_, **limits)
    desk.limits.apply(Change(seq=seq, kind=kind, id=id_, status="active", at=0, limits=found))


async def call(
    desk: Desk, *lines: str, line: str = JWT_LINE, origin: Origin | None = None, request_id: str = "r"
) -> Forward | Refusal:
    decision = desk.decider.decide(head_of(*lines, line=line), origin or unproxied(CLIENT), request_id)
    if isinstance(decision, Forward | Refusal):
        return decision
    waiting = asyncio.ensure_future(decision())
    while not waiting.done():
        await asyncio.sleep(0)
        await desk.shares.renew()
    return await waiting


async def refusal(desk: Desk, *lines: str, **rest: Any) -> Refusal:
    found = await call(desk, *lines, **rest)
    assert isinstance(found, Refusal)
    return found


@pytest.mark.parametrize(
    ("kind", "id_", "lines", "line", "subject"),
    [
        ("company", "company", (), JWT_LINE, "pgck_1"),
        ("api_client", "credential", (), JWT_LINE, "pgck_1"),
        ("company", "c", API_TOKEN, SMS_LINE, "t"),
        ("booking", "b", API_TOKEN, SMS_LINE, "t"),
        ("api_token", "t", API_TOKEN, SMS_LINE, "t"),
        ("company", "company", (), EDITOR_LINE, "key"),
        ("access_key", "key", (), EDITOR_LINE, "key"),
    ],
)
async def test_a_rate_holds_for_every_kind_of_credential(
    desk: Desk, kind: str, id_: str, lines: tuple[str, ...], line: str, subject: str
) -> None:
    limit(desk, kind, id_, rate=TWO)
    lines = lines or ((desk.bearer(),) if line == JWT_LINE else ())
    for _ in range(2):
        forward = await call(desk, *lines, line=line)
        assert isinstance(forward, Forward)
        assert forward.limits is not None
    refused = await refusal(desk, *lines, line=line)
    assert (refused.status, refused.code, refused.cause) == (429, "rate_exceeded", "rate_exceeded")
    fields, body = render(refused, "r")
    assert dict(fields)["Retry-After"] == "30"
    assert dict(fields)["RateLimit"].endswith(";r=0;t=60")
    assert b'"code":"rate_exceeded"' in body
    assert refused.credential is not None
    assert (refused.credential.credential, refused.credential.detail["limit"]) == (
        subject,
        f"rate of {kind.replace('_', ' ').replace('api', 'API')} {id_}",
    )
    assert refused.credential.found == "no call left, the next in 30 s"


async def test_a_call_that_comes_again_is_counted_each_time(desk: Desk) -> None:
    """Also where it was cached before the limit was set, and where the limit is changed or lifted."""
    bearer = desk.bearer()
    for _ in range(5):
        assert isinstance(await call(desk, bearer), Forward)
    assert len(desk.decider.repeated) == 1
    limit(desk, "company", "company", quota={"calls": 3, "per": "day"})
    decided = [await call(desk, bearer) for _ in range(5)]
    assert [isinstance(each, Forward) for each in decided] == [True] * 3 + [False] * 2
    assert isinstance(decided[2], Forward)
    assert decided[2].repeated_call is not None
    desk.limits.apply(
        Change(seq=2, kind="company", id="company", status="active", at=0, limits=ObjectLimits(limits=None))
    )
    assert isinstance(await call(desk, bearer), Forward)


async def test_a_change_without_a_word_on_limits_leaves_them_as_they_are(desk: Desk) -> None:
    limit(desk, "company", "company", routes=["sms"])
    desk.limits.apply(Change(seq=2, kind="company", id="company", status="suspended", at=0))
    desk.limits.apply(Change(seq=3, kind="company", id="company", status="active", at=0))
    assert (await refusal(desk, desk.bearer())).cause == "route_not_allowed"


async def test_an_address_is_checked_for_each_client_of_one_token(desk: Desk) -> None:
    """Its calls are the same byte for byte."""
    limit(desk, "api_client", "credential", addresses=[CLIENT])
    bearer, other = desk.bearer(), unproxied("9.9.9.8")
    for _ in range(2):
        assert isinstance(await call(desk, bearer), Forward)
        refused = await refusal(desk, bearer, origin=other)
        assert (refused.status, refused.code) == (403, "address_not_allowed")
    assert refused.fields == ()
    assert refused.credential is not None
    assert refused.credential.found == "9.9.9.8"
    assert refused.credential.expected == "9.9.9.9/32: addresses of API client credential"


async def test_a_booking_counts_what_needs_a_scope_of_its_application_alone(desk: Desk) -> None:
    bearer = desk.bearer(depends_on=["b1", "a1", "b2", "a2"])
    for n, (booking, scopes) in enumerate({"b1": ("site:*",), "b2": ("website:*",)}.items(), 1):
        found = limits_of("booking", booking, quota={"calls": n, "per": "day"})
        of = found.model_copy(update={"application_id": f"a{n}", "scopes": scopes})
        desk.limits.apply(Change(seq=n, kind="booking", id=booking, status="active", at=0, limits=of))
    assert isinstance(await call(desk, bearer), Forward)
    assert (await refusal(desk, bearer)).credential.detail["limit"] == "quota of booking b1"  # type: ignore[union-attr]
    moved = ObjectLimits(scopes=("page:*",))
    desk.limits.apply(Change(seq=3, kind="application", id="a1", status="active", at=0, limits=moved))
    assert isinstance(await call(desk, bearer), Forward)


async def test_what_is_only_reported_is_counted_by_company_and_cause(desk: Desk) -> None:
    limit(desk, "company", "company", quota={"calls": 1, "per": "day"}, report_only=True)
    for n in range(3):
        assert isinstance(await call(desk, desk.bearer(), request_id=str(n)), Forward)
    would = WouldRefuse("limit", "quota of company company", "quota_exceeded", "company")
    assert desk.limited == [(would, "1"), (would, "2")]


async def test_a_call_that_is_refused_for_another_reason_is_not_counted(desk: Desk) -> None:
    limit(desk, "company", "company", quota={"calls": 1, "per": "day"})
    for _ in range(3):
        assert (await refusal(desk, desk.bearer(scope="other:read"))).cause == "insufficient_scope"
    assert isinstance(await call(desk, desk.bearer()), Forward)


async def test_session_token_loses_no_use_by_a_call_that_a_limit_refuses(desk: Desk) -> None:
    desk.sessions.left = 3
    limit(desk, "access_key", "key", rate=TWO)
    for passes in (True, True, False, False):
        assert isinstance(await call(desk, line=EDITOR_LINE), Forward) is passes
    assert desk.sessions.left == 1
    limit(desk, "access_key", "key", seq=2)
    assert isinstance(await call(desk, line=EDITOR_LINE), Forward)
    assert (await refusal(desk, line=EDITOR_LINE)).cause == "unknown"


async def test_uses_are_as_many_as_calls_pass_however_many_come_at_once(desk: Desk) -> None:
    desk.sessions.left = 3
    limit(desk, "company", "company", rate={"calls": 100, "per_seconds": 60})
    calls = await asyncio.gather(*(call(desk, line=EDITOR_LINE) for _ in range(8)))
    assert sum(isinstance(each, Forward) for each in calls) == 3
    refused = {each.cause for each in calls if isinstance(each, Refusal)}
    assert refused == {"unknown"}


async def test_call_whose_use_cannot_be_taken_is_not_let_through(desk: Desk) -> None:
    desk.sessions.left = 1
    limit(desk, "company", "company", rate=TWO)
    resolved = desk.sessions.resolve

    async def away_for_the_use(token: str, *, peek: bool = False, defer_use: bool = False) -> Any:
        desk.sessions.away = not defer_use
        return await resolved(token, peek=peek, defer_use=defer_use)

    desk.sessions.resolve = away_for_the_use  # type: ignore[method-assign]
    assert (await refusal(desk, line=EDITOR_LINE)).status == 503
