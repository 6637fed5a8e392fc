"""A call that comes again byte for byte is decided as if it had come for the first time."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.decision import Decider, Request
from gateway.edge.client_origin import Origin, unproxied
from gateway.forwarding import repeated_calls
from gateway.forwarding.forward import Forward
from gateway.forwarding.repeated_calls import RepeatedCalls
from gateway.http1.known_heads import read_head
from gateway.http1.request_head import RequestHead
from gateway.refused_calls.problems import Refusal
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.table import RouteTable
from shared.contracts.key_registry import Change
from tests.support.clock import FakeClock
from tests.support.doubles.desk import ROUTES, Desk, plain
from tests.support.held_texts import held_texts
from tests.support.http1.heads import fields_of, head_of, route_of

CLIENT = unproxied("9.9.9.9", "gateway.example")
PROXY = Origin(client="8.8.8.8", peer="10.0.0.9", chain="8.8.8.8", scheme="https", host="a.example", trusted=True)


@pytest.fixture
async def desk(clock: FakeClock) -> Desk:
    desk = Desk(clock)
    await desk.keys.refresh()
    return desk


def decided(desk: Desk, head: RequestHead, origin: Origin = CLIENT, request_id: str = "r") -> Forward | Refusal:
    decision = desk.decider.decide(head, origin, request_id)
    assert isinstance(decision, Forward | Refusal)
    return decision


def twice(desk: Desk, *lines: str, line: str = "GET /site HTTP/1.1", origin: Origin = CLIENT) -> RequestHead:
    head = head_of(*lines, line=line)
    for _ in range(2):
        assert isinstance(decided(desk, head, origin), Forward)
    return head


def test_a_call_that_comes_again_has_the_same_fields_but_for_its_id(desk: Desk) -> None:
    head = head_of(desk.bearer(), "Accept: */*", line="GET /site HTTP/1.1")
    first, second = decided(desk, head, request_id="one"), decided(desk, head, request_id="two")
    assert isinstance(first, Forward)
    assert isinstance(second, Forward)
    assert len(desk.decider.repeated) == 1
    assert sorted(fields_of(second.lines)) == sorted(
        (name, "two" if name == "X-Request-Id" else value) for name, value in fields_of(first.lines)
    )
    assert (second.route, second.method, second.target) == (first.route, first.method, first.target)
    assert second.identity is first.identity


def test_a_call_that_comes_again_is_refused_once_its_company_is_stopped(desk: Desk) -> None:
    head = twice(desk, desk.bearer())
    desk.stop("company")
    refusal = decided(desk, head)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.cause) == (401, "stopped")
    assert refusal.credential is not None
    assert refusal.credential.company == "blabla"
    desk.stopped.apply(Change(seq=2, kind="company", id="company", status="active", at=0))
    assert isinstance(decided(desk, head), Forward)


def test_a_call_that_comes_again_is_refused_once_its_token_has_expired(desk: Desk, clock: FakeClock) -> None:
    head = twice(desk, desk.bearer())
    clock.advance(3600 + 60)
    refusal = decided(desk, head)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.cause) == (401, "expired")


def test_a_call_that_comes_again_is_refused_while_revocations_cannot_be_followed(desk: Desk) -> None:
    head = twice(desk, desk.bearer())
    desk.followed.age = 6.0
    refusal = decided(desk, head)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 503


def test_a_call_that_comes_again_is_counted_where_its_route_goes_on_past_the_bound(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = twice(desk, desk.bearer(), line="GET /patient HTTP/1.1")
    counted: list[str] = []
    monkeypatch.setattr(desk.decider.staleness, "_count", counted.append)
    desk.followed.age = 6.0
    assert isinstance(decided(desk, head), Forward)
    assert counted == ["patient"]


async def test_a_call_by_api_token_comes_again_until_something_of_it_changes(desk: Desk) -> None:
    head = await twice_by_api_token(desk)
    assert len(desk.decider.repeated) == 1
    again = decided(desk, head)
    assert isinstance(again, Forward)
    assert again.repeated_call is not None
    desk.decider.api_tokens.apply(Change(seq=1, kind="company", id="c", status="active", at=0))
    assert not isinstance(desk.decider.decide(head, CLIENT, "r"), Forward | Refusal), "the operator is asked again"


@pytest.mark.parametrize("id_", ["t", "c", "a", "b"])
async def test_a_call_by_api_token_is_refused_once_what_it_depends_on_is_stopped(id_: str, desk: Desk) -> None:
    head = await twice_by_api_token(desk)
    desk.stop(id_)
    refusal = decided(desk, head)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.cause) == (401, "stopped")


async def test_a_call_by_api_token_is_looked_up_while_changes_cannot_be_followed(desk: Desk) -> None:
    head = await twice_by_api_token(desk)
    follower = desk.decider.api_tokens._follower
    assert follower is not None
    object.__setattr__(follower, "fresh", False)
    assert not isinstance(desk.decider.decide(head, CLIENT, "r"), Forward | Refusal)


async def test_no_api_token_is_cached(desk: Desk) -> None:
    await twice_by_api_token(desk)
    assert len(desk.decider.repeated) == 1
    assert not any("pgat_secret" in text for text in held_texts(desk.decider.repeated._calls._cache))


async def twice_by_api_token(desk: Desk) -> RequestHead:
    """The first one is looked up; the second is decided by what is known then, and is cached."""
    head = head_of("X-Api-Token: pgat_secret", "X-Client-Prefix: blabla", line="POST /sms HTTP/1.1")
    for _ in range(2):
        decision = desk.decider.decide(head, CLIENT, "r")
        assert isinstance(decision if isinstance(decision, Forward | Refusal) else await decision(), Forward)
    return head


def test_a_call_is_decided_anew_when_the_route_table_has_changed(clock: FakeClock, desk: Desk) -> None:
    tables = [ROUTES]
    object.__setattr__(desk.decider, "routes", lambda: tables[0])
    head = twice(desk, desk.bearer())
    scopes = ("site:write",)
    tables[0] = RouteTable((route_of(CredentialKind.JWT, name="site", path="/site", scopes=scopes),))
    refusal = decided(desk, head)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 403


def test_the_fields_of_a_call_are_never_those_of_another_client(desk: Desk) -> None:
    head = twice(desk, desk.bearer())
    for origin in (unproxied("7.7.7.7", "gateway.example"), PROXY):
        for _ in range(2):
            forward = decided(desk, head, origin)
            assert isinstance(forward, Forward)
            assert ("X-Forwarded-For", origin.client) in fields_of(forward.lines)


@pytest.mark.parametrize("other", ["", "Basic", "Bearer x", "bearer"])
def test_another_credential_with_the_same_fields_is_another_call(other: str, desk: Desk) -> None:
    twice(desk, desk.bearer(), "Accept: */*")
    lines = (f"Authorization: {other}", "Accept: */*") if other else ("Accept: */*",)
    assert isinstance(decided(desk, head_of(*lines, line="GET /site HTTP/1.1")), Refusal)


def test_no_credential_is_cached(desk: Desk, clock: FakeClock) -> None:
    bearer = desk.bearer()
    secret = bearer.removeprefix("Authorization: Bearer ")
    passing = route_of(CredentialKind.JWT, name="pass", path="/pass", pass_credential=True)
    table = RouteTable((*ROUTES.routes, passing))
    object.__setattr__(desk.decider, "routes", lambda: table)
    twice(desk, bearer)
    again = twice(desk, bearer, line="GET /pass HTTP/1.1")
    assert decided(desk, head_of(bearer, line="GET /site?apitoken=1 HTTP/1.1"))
    calls = desk.decider.repeated._calls._cache
    assert len(calls) == 2
    passed = decided(desk, again)
    assert isinstance(passed, Forward)
    assert bearer in passed.lines, "the upstream gets it each time"
    assert not any(secret in text for text in held_texts(calls))


def test_what_is_cached_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeated_calls, "MAX_REPEATED_CALLS", 3)
    object.__setattr__(desk.decider, "repeated", RepeatedCalls())
    for number in range(10):
        twice(desk, desk.bearer(jti=f"j{number}"))
        assert len(desk.decider.repeated) <= 3


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("call"), st.integers(0, 3), st.integers(0, 3), st.integers(0, 1)),
        st.tuples(st.sampled_from(["stop", "resume"]), st.sampled_from(["company", "credential", "j1", "k1"])),
        st.tuples(st.just("wait"), st.sampled_from([1.0, 1800.0, 3590.0])),
        st.tuples(st.just("age"), st.sampled_from([0.0, 4.9, 30.0, 90.0])),
    ),
    max_size=25,
)


@given(steps=STEPS)
async def test_a_decider_that_keeps_calls_decides_as_one_that_keeps_none(steps: list[tuple[Any, ...]]) -> None:
    clock = FakeClock()
    desk = Desk(clock)
    await desk.keys.refresh()
    bearers = [desk.bearer(), desk.bearer(jti="j2"), desk.bearer(scope="other"), desk.bearer(aud=["x", "passgate"])]
    for number, step in enumerate(steps):
        match step:
            case ("call", which, path, origin):
                line = f"GET {('/site', '/two', '/patient', '/other')[path]} HTTP/1.1"
                head, seen = head_of(bearers[which], line=line), (CLIENT, PROXY)[origin]
                assert plain(decided(desk, head, seen, str(number))) == plain(_anew(desk, head, seen, str(number)))
            case ("wait", seconds):
                clock.advance(seconds)
            case ("age", seconds):
                desk.followed.age = seconds
            case (act, id_):
                status = "active" if act == "resume" else "revoked"
                desk.stopped.apply(Change(seq=number, kind="company", id=id_, status=status, at=0))


def _anew(desk: Desk, head: RequestHead, origin: Origin, request_id: str) -> Forward | Refusal:
    decision = Decider._decide(desk.decider, Request(head, origin, request_id, desk.decider.routes()))
    assert isinstance(decision, Forward | Refusal)
    return decision


def test_a_call_that_differs_in_fields_of_one_call_alone_comes_again_and_has_its_own(desk: Desk) -> None:
    bearer, sent = desk.bearer(), []
    for number in range(3):
        lines = (
            "GET /site HTTP/1.1",
            "Host: a",
            bearer,
            f"X-Amzn-Trace-Id: Root={number}",
            f"X-Request-Id: {number}",
        )
        head = read_head("\r\n".join(lines).encode(), varies=True)
        forward = decided(desk, head, request_id=f"r{number}")
        assert isinstance(forward, Forward)
        sent.append(dict(fields_of(forward.lines)))
        assert len(desk.decider.repeated) == 1
    assert [fields["X-Amzn-Trace-Id"] for fields in sent] == ["Root=0", "Root=1", "Root=2"]
    assert [fields["X-Request-Id"] for fields in sent] == ["r0", "r1", "r2"]


def test_a_field_of_one_call_that_connection_names_goes_no_further(desk: Desk) -> None:
    lines = ("GET /site HTTP/1.1", "Host: a", desk.bearer(), "Connection: x-amzn-trace-id", "X-Amzn-Trace-Id: 1")
    for _ in range(2):
        forward = decided(desk, read_head("\r\n".join(lines).encode(), varies=True))
        assert isinstance(forward, Forward)
        assert "X-Amzn-Trace-Id" not in dict(fields_of(forward.lines))
