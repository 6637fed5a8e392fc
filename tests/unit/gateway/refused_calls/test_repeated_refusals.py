"""A call without a credential, or with junk in its place, is refused again as if it had come for the first time."""

import gc
import weakref
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.credentials.refused import RefusedCredential
from gateway.edge.client_origin import unproxied
from gateway.forwarding.forward import Forward
from gateway.http1 import field_block
from gateway.http1.field_block import FieldBlock
from gateway.http1.known_heads import read_head
from gateway.http1.request_head import RequestHead
from gateway.refused_calls import repeated_refusals
from gateway.refused_calls.problems import Refusal
from gateway.refused_calls.repeated_refusals import RepeatedRefusals
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.table import RouteTable
from tests.support.cases import each_case
from tests.support.clock import FakeClock
from tests.support.doubles.desk import ROUTES, SESSION, Desk
from tests.support.held_texts import held_texts
from tests.support.http1.heads import head_of, route_of

CLIENT = unproxied("9.9.9.9", "gateway.example")
SITE = "GET /site HTTP/1.1"


@pytest.fixture
async def desk(clock: FakeClock) -> Desk:
    desk = Desk(clock)
    await desk.keys.refresh()
    return desk


def decided(desk: Desk, head: RequestHead) -> Any:
    return desk.decider.decide(head, CLIENT, "r")


def cached(desk: Desk) -> int:
    return len(desk.decider.refused)


def without_memory(clock: FakeClock) -> Desk:
    """Whoever asks it has asked nothing before."""
    return Desk(clock)


@each_case(
    "line",
    (
        SITE,
        "GET /sms HTTP/1.1",
        "GET /editor HTTP/1.1",
        "GET /any HTTP/1.1",
        "POST /site HTTP/1.1",
        "GET /x HTTP/1.1",
        "GET //x HTTP/1.1",
    ),
)
def test_a_head_that_comes_again_is_decided_upon_once(line: str, desk: Desk) -> None:
    head_of(line=line)
    before = cached(desk)
    first, second = decided(desk, head_of(line=line)), decided(desk, head_of(line=line))
    assert isinstance(first, Refusal)
    assert second is first
    assert cached(desk) == before + 1


@each_case(
    "lines",
    (
        (),
        ("Accept: */*",),
        ("X-Api-Key: x",),
        ("Via: 1.1 passgate-x",),
        ("Content-Length: 11",),
        ("X-Foo: pgat_12345678",),
    ),
)
def test_what_was_refused_before_leads_to_no_refusal_of_another_head(
    lines: tuple[str, ...], desk: Desk, clock: FakeClock
) -> None:
    for line in (SITE, "GET /open HTTP/1.1", "GET /editor HTTP/1.1", "POST /site HTTP/1.1", "GET /sms HTTP/1.1"):
        for _ in range(3):
            head = head_of(*lines, line=line)
            expected = without_memory(clock).decider.decide(head, CLIENT, "r")
            found = decided(desk, head)
            assert isinstance(found, Forward) == isinstance(expected, Forward)
            if isinstance(expected, Refusal):
                assert found == expected


NOT_JUNK = (
    "Basic eA==",
    "Basic x",
    "bearer x",
    "Bearer",
    "Bearer  x",
    "Bearer x y",
    "Bearer x=",
    "Bearer a+b/c",
    "Bearer a.b.c",
    "Bearer {x}",
    "Bearer pgat_12345678",
    "Bearer pgck_",
    f"Bearer {SESSION}",
    f"Bearer {SESSION.upper()}",
    f"Bearer kp_{'a' * 22}",
    "Bearer eyJhbGciOiJub25lIn0",
)
"""Values of Authorization that are refused in other words, or may be, or seldom come."""
SENT = st.lists(
    st.sampled_from(
        (
            "Accept: */*",
            "X-Api-Key: x",
            *(f"Authorization: {value}" for value in NOT_JUNK),
            "Authorization: Bearer x",
            "Authorization: Bearer y_-9",
            "authorization: Bearer pgxx_12345678",
            "X-Api-Token: x",
            "X-Client-Prefix: b",
            "Via: 1.1 passgate-x",
            "Content-Length: 11",
            "traceparent: 00-1",
            "X-Request-Id: pgat_12345678",
            "X-Foo: pgat_12345678",
        )
    ),
    max_size=3,
    unique_by=lambda line: line.partition(":")[0].lower(),
)
TARGETS = st.sampled_from(
    ("/site", "/open", "/sms", "/editor", f"/editor?apitoken={SESSION}", "/any", "/x", "/a;b")
)


def assert_same(found: object, expected: object) -> None:
    assert type(found) is type(expected)
    if isinstance(found, Refusal) and isinstance(expected, Refusal):
        assert replace(found, credential=None) == replace(expected, credential=None)
        assert members_of(found.credential) == members_of(expected.credential)


def members_of(refused: RefusedCredential | None) -> dict[str, object]:
    return {} if refused is None else vars(refused)


def varying_head(*lines: str, line: str = SITE) -> RequestHead:
    """On a connection whose heads have fields of one call."""
    return read_head("\r\n".join((line, "Host: gateway.example", *lines)).encode(), varies=True)


@given(st.lists(st.tuples(st.sampled_from(("GET", "POST")), TARGETS, SENT), min_size=2, max_size=12))
def test_in_any_order_each_is_decided_as_it_is_alone(calls: list[tuple[str, str, list[str]]]) -> None:
    clock = FakeClock()
    desk = Desk(clock)
    for method, target, lines in calls * 2:
        head = varying_head(*lines, line=f"{method} {target} HTTP/1.1")
        found, expected = decided(desk, head), without_memory(clock).decider.decide(head, CLIENT, "r")
        assert_same(found, expected)


@each_case("line", (SITE, "GET /sms HTTP/1.1", "GET /editor HTTP/1.1", "GET /any HTTP/1.1", "GET /corp HTTP/1.1"))
def test_all_junk_is_decided_upon_once_and_none_of_it_is_cached(line: str, desk: Desk) -> None:
    head_of("Authorization: Bearer first-junk", line=line)
    before = cached(desk)
    first, second = (
        decided(desk, head_of(f"Authorization: Bearer {junk}", line=line)) for junk in ("first-junk", "second-junk")
    )
    assert isinstance(first, Refusal)
    assert second is first
    assert cached(desk) == before + 1
    assert not any("-junk" in text for text in held_texts(desk.decider.refused._refusals._cache))
    assert decided(desk, head_of(line=line)).cause != first.cause


@each_case("value", NOT_JUNK)
def test_what_may_be_more_than_junk_is_looked_at_each_time(value: str, desk: Desk, clock: FakeClock) -> None:
    for line in (SITE, "GET /sms HTTP/1.1"):
        decided(desk, head_of("Authorization: Bearer x", line=line))
        head = head_of(f"Authorization: {value}", line=line)
        for _ in range(2):
            found, expected = decided(desk, head), without_memory(clock).decider.decide(head, CLIENT, "r")
            assert_same(found, expected)
    assert cached(desk) == 2


@each_case("sent", ((), ("Authorization: Bearer x",)))
def test_the_id_of_a_call_leads_to_no_other_decision_unless_it_is_a_credential(
    sent: tuple[str, ...], desk: Desk, clock: FakeClock
) -> None:
    varying_head(*sent)
    before = cached(desk)
    first, second = (decided(desk, varying_head(*sent, f"X-Request-Id: 4711-{number}")) for number in range(2))
    assert second is first
    assert cached(desk) == before + 1
    assert not any("4711" in text for text in held_texts(desk.decider.refused._refusals._cache))
    head = varying_head(*sent, "X-Request-Id: pgat_12345678", line="GET /sms HTTP/1.1")
    decided(desk, varying_head(*sent, line="GET /sms HTTP/1.1"))
    assert_same(decided(desk, head), without_memory(clock).decider.decide(head, CLIENT, "r"))


@each_case(
    "sent",
    (
        ("Authorization: Basic eA==",),
        ("AUTHORIZATION: Bearer x",),
        ("X-Api-Token: x",),
        ("X-Api-Token: x", "X-Api-Token: y"),
        ("X-API-TOKEN: x", "x-api-token: y"),
        ("X-Session: x",),
        ("traceparent: 00-1",),
    ),
)
def test_nothing_is_cached_of_what_may_hold_a_credential_or_differs_each_time(
    sent: tuple[str, ...], desk: Desk
) -> None:
    for _ in range(3):
        decided(desk, head_of(*sent, line="GET /site HTTP/1.1"))
    assert cached(desk) == 0


@each_case("target", (f"/editor?apitoken={SESSION}x", "/site?a", "/" + "x" * 200))
def test_nothing_is_cached_of_a_query_or_a_long_path(target: str, desk: Desk) -> None:
    for _ in range(3):
        assert not isinstance(decided(desk, head_of(line=f"GET {target} HTTP/1.1")), Forward)
    assert cached(desk) == 0


def test_another_route_table_is_asked_anew(desk: Desk) -> None:
    refused = decided(desk, head_of(line=SITE))
    assert refused.cause == "no_credential"
    opened = RouteTable((route_of(name="site", path="/site"),))
    decider = replace(desk.decider, routes=lambda: opened, refused=desk.decider.refused)
    assert isinstance(decider.decide(head_of(line=SITE), CLIENT, "r"), Forward)
    again = replace(decider, routes=lambda: ROUTES).decide(head_of(line=SITE), CLIENT, "r")
    assert isinstance(again, Refusal)
    assert again == refused


def test_a_host_of_its_own_has_decisions_of_its_own(desk: Desk) -> None:
    table = RouteTable(
        (
            route_of(name="a", path="/site", host="a.example"),
            route_of(CredentialKind.JWT, name="b", path="/site", host="b.example"),
        )
    )
    decider = replace(desk.decider, routes=lambda: table)
    for _ in range(2):
        assert isinstance(decider.decide(head_of(line=SITE, host="a.example"), CLIENT, "r"), Forward)
        found = decider.decide(head_of(line=SITE, host="b.example"), CLIENT, "r")
        assert isinstance(found, Refusal)
        assert found.route == "b"


def test_a_scan_takes_no_more_memory_than_the_bound(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeated_refusals, "MAX_REPEATED_REFUSALS", 50)
    decider = replace(desk.decider, refused=RepeatedRefusals())
    for number in range(500):
        decider.decide(head_of(line=f"GET /{number} HTTP/1.1"), CLIENT, "r")
        assert len(decider.refused) <= 50
    assert len(decider.refused) > 0


def blocks_that_live() -> int:
    return sum(type(each) is FieldBlock for each in gc.get_objects())


def test_a_scan_with_other_fields_each_time_keeps_no_fields_alive(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    field_block._cache.clear()
    monkeypatch.setattr(field_block._cache, "max_size", 10)
    before = blocks_that_live()
    for number in range(100):
        decided(desk, head_of(f"Accept: {number}", line=SITE))
    assert cached(desk) == 100
    assert blocks_that_live() <= before + 10


def test_fields_that_were_forgotten_and_come_again_are_decided_upon_anew(desk: Desk) -> None:
    first = decided(desk, head_of(line=SITE))
    field_block._cache.clear()
    again = decided(desk, head_of(line=SITE))
    assert again is not first
    assert again == first
    assert decided(desk, head_of(line=SITE)) is again


async def test_a_route_table_that_was_replaced_is_held_by_nothing(desk: Desk) -> None:
    tables = [ROUTES]
    decider = replace(desk.decider, routes=lambda: tables[0])
    replaced = []
    for number in range(4):
        tables[0] = RouteTable((route_of(CredentialKind.JWT, name="site", path="/site"),))
        replaced.append(weakref.ref(tables[0]))
        decider.decide(head_of(line=f"GET /site{number} HTTP/1.1"), CLIENT, "r")
        assert len(decider.refused) == 1
    gc.collect()
    assert [table() is None for table in replaced] == [True, True, True, False]
