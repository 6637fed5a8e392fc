"""A call by session token that comes again is decided as the first was; its token is asked about each second."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.client_origin import Origin, unproxied
from gateway.forwarding.forward import Forward, LookUp
from gateway.refused_calls.problems import Refusal
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.table import RouteTable
from shared.contracts.key_registry import Change
from shared.contracts.session_tokens import CACHED_FOR_S
from tests.support.clock import FakeClock
from tests.support.doubles.desk import ROUTES, SESSION, Desk, plain
from tests.support.held_texts import held_texts
from tests.support.http1.heads import fields_of, head_of, route_of

CLIENT = unproxied("9.9.9.9", "gateway.example")
PROXY = Origin(client="8.8.8.8", peer="10.0.0.9", chain="8.8.8.8", scheme="https", host="a.example", trusted=True)


@pytest.fixture
async def desk(clock: FakeClock) -> Desk:
    return Desk(clock)


async def by_session(
    desk: Desk, *lines: str, line: str = "GET /editor HTTP/1.1", request_id: str = "r"
) -> Forward | Refusal:
    decision = desk.decider.decide(head_of(f"X-Api-Token: {SESSION}", *lines, line=line), CLIENT, request_id)
    return await _awaited(decision)


def wait(desk: Desk) -> None:
    """Until what was asked before is no answer any more."""
    desk.clock.advance(CACHED_FOR_S)


async def test_a_call_by_session_token_comes_again_with_what_the_token_stands_for_now(desk: Desk) -> None:
    first, second = await by_session(desk, request_id="one"), await by_session(desk, request_id="two")
    assert isinstance(first, Forward)
    assert isinstance(second, Forward)
    assert second.repeated_call is not None
    assert sorted(fields_of(second.lines)) == sorted(
        (name, "two" if name == "X-Request-Id" else value) for name, value in fields_of(first.lines)
    )
    assert first.target == second.target == "/editor?file=a%20b&n=%7B%22x%22%3A1%7D"
    desk.sessions.parameters = {"file": "other"}
    third = await by_session(desk)
    assert isinstance(third, Forward)
    assert third.target == "/editor?file=a%20b&n=%7B%22x%22%3A1%7D"
    wait(desk)
    fourth = await by_session(desk)
    assert isinstance(fourth, Forward)
    assert fourth.target == "/editor?file=other"


async def test_a_session_token_without_uses_is_asked_about_once_a_second(desk: Desk) -> None:
    for path in ("/editor", "/merged", "/editor", "/any", "/merged"):
        await by_session(desk, line=f"GET {path} HTTP/1.1")
    assert desk.sessions.asked == 1
    wait(desk)
    await by_session(desk)
    assert desk.sessions.asked == 2


async def test_a_repeated_call_with_a_cached_session_is_decided_at_once(desk: Desk) -> None:
    await by_session(desk)
    head = head_of(f"X-Api-Token: {SESSION}", line="GET /editor HTTP/1.1")
    assert isinstance(desk.decider.decide(head, CLIENT, "r"), Forward)


@pytest.mark.parametrize("id_", ["company", "key", "token"])
async def test_a_call_by_session_token_is_refused_once_what_it_depends_on_is_stopped(id_: str, desk: Desk) -> None:
    for _ in range(2):
        assert isinstance(await by_session(desk), Forward)
    desk.stop(id_)
    refusal = await by_session(desk)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.cause) == (401, "stopped")


async def test_a_call_by_session_token_is_refused_once_its_service_says_so_or_is_away(desk: Desk) -> None:
    for _ in range(2):
        assert isinstance(await by_session(desk), Forward)
    desk.sessions.left = 0
    wait(desk)
    ended = await by_session(desk)
    assert isinstance(ended, Refusal)
    assert (ended.status, ended.cause) == (401, "unknown")
    desk.sessions.away = True
    away = await by_session(desk)
    assert isinstance(away, Refusal)
    assert away.status == 503


async def test_each_call_by_a_session_token_with_uses_takes_one(desk: Desk) -> None:
    desk.sessions.left = 3
    decisions = [await by_session(desk) for _ in range(5)]
    assert [isinstance(decision, Forward) for decision in decisions] == [True, True, True, False, False]


async def test_a_session_token_whose_access_key_is_about_to_end_is_decided_anew(desk: Desk) -> None:
    for _ in range(2):
        await by_session(desk)
    wait(desk)
    desk.sessions.credential_expires_at = desk.clock.now() + 3600
    for _ in range(2):
        forward = await by_session(desk)
        assert isinstance(forward, Forward)
        assert forward.identity is not None
        assert "X-Passgate-Credential-Expires" in forward.identity.expiry_line


async def test_neither_a_session_token_nor_what_it_stands_for_is_cached_with_a_call(desk: Desk) -> None:
    desk.sessions.parameters = {"hidden": "4711"}
    for _ in range(2):
        assert isinstance(await by_session(desk), Forward)
    in_query = head_of(line=f"GET /editor?apitoken={SESSION} HTTP/1.1")
    for _ in range(2):
        assert isinstance(await _awaited(desk.decider.decide(in_query, CLIENT, "r")), Forward)
    calls = desk.decider.repeated._calls._cache
    assert len(calls) == 1
    assert not any(secret in text for text in held_texts(calls) for secret in (SESSION, "4711"))


async def test_a_session_token_is_decided_upon_anew_when_the_route_table_has_changed(desk: Desk) -> None:
    tables = [ROUTES]
    object.__setattr__(desk.decider, "routes", lambda: tables[0])
    for _ in range(2):
        assert isinstance(await by_session(desk), Forward)
    tables[0] = RouteTable((route_of(CredentialKind.JWT, name="editor", path="/editor"),))
    head = head_of(f"X-Api-Token: {SESSION}", line="GET /editor HTTP/1.1")
    assert isinstance(desk.decider.decide(head, CLIENT, "r"), Refusal)


SESSION_STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("call"),
            st.sampled_from(["/editor", "/merged", "/any", "/editor?page=2", "/merged?file=x"]),
            st.sampled_from([f"X-Api-Token: {SESSION}", f"x-api-token: {SESSION.upper()}", "X-Api-Token: another"]),
            st.sampled_from(["GET", "HEAD", "POST"]),
            st.integers(0, 1),
        ),
        st.tuples(st.sampled_from(["stop", "resume"]), st.sampled_from(["company", "key", "token"])),
        st.tuples(st.just("uses"), st.sampled_from([None, 0, 1, 2])),
        st.tuples(st.just("away"), st.booleans()),
        st.tuples(st.just("parameters"), st.sampled_from([{"file": "a"}, {"file": "b", "q": "ü&="}, {}])),
        st.tuples(st.just("ends"), st.sampled_from([None, 1_800_000_000.0])),
        st.tuples(st.just("table"), st.booleans()),
    ),
    max_size=25,
)


@given(steps=SESSION_STEPS)
async def test_a_decider_that_keeps_calls_by_session_token_decides_as_one_that_keeps_none(
    steps: list[tuple[Any, ...]],
) -> None:
    clock = FakeClock()
    desks, tables = [Desk(clock), Desk(clock)], [ROUTES]
    for desk in desks:
        object.__setattr__(desk.decider, "routes", lambda: tables[0])
    for number, step in enumerate(steps):
        match step:
            case ("call", target, field, method, origin):
                head = head_of(field, line=f"{method} {target} HTTP/1.1")
                cached, anew = [
                    await _awaited(desk.decider.decide(head, (CLIENT, PROXY)[origin], str(number)))
                    for desk in desks
                ]
                assert plain(cached) == plain(anew)
                desks[1].decider.repeated._calls._cache.clear()
                desks[1].decider.sessions._cache._entries.clear()
                assert [desk.sessions.left for desk in desks] == [desks[0].sessions.left] * 2
            case ("table", other):
                tables[0] = RouteTable(ROUTES.routes[:-1] if other else ROUTES.routes, ROUTES.issuers)
            case (act, id_) if act in ("stop", "resume"):
                status = "active" if act == "resume" else "revoked"
                for desk in desks:
                    desk.stopped.apply(Change(seq=number, kind="company", id=id_, status=status, at=0))
            case (what, value):
                member = {"uses": "left", "ends": "credential_expires_at"}.get(what, what)
                wait(desk)
                for desk in desks:
                    setattr(desk.sessions, member, value)


async def _awaited(decision: Forward | Refusal | LookUp) -> Forward | Refusal:
    return decision if isinstance(decision, Forward | Refusal) else await decision()
