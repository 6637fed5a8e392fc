"""What a soak is to find is found: a response of another call, a failure that must not be, and what is left."""

import json
from collections.abc import Mapping

import pytest

from tests.soak.callers import Call, Response
from tests.soak.judge import Judge
from tests.soak.ways import SCRIPTS, Way

WAYS = {
    "good": Way(frozenset(), served=frozenset({200}), always_served=frozenset({"GET"})),
    "cuts": Way(frozenset({"connection_lost"}), may_cut=True),
}
CALL = Call("GET", "/good/1", b"")
OTHER = Call("GET", "/good/2", b"")


def response(status: int, body: bytes, fields: Mapping[str, str] = {}, *, whole: bool = True) -> Response:
    return Response(status, dict(fields), body, whole)


def problem(status: int, request_id: str = "a" * 32, **fields: str) -> Response:
    body = json.dumps({"status": status, "request_id": request_id}).encode()
    own = {"content-type": "application/problem+json", "x-request-id": request_id, **fields}
    return response(status, body, own)


@pytest.fixture
def judge() -> Judge:
    return Judge(WAYS)


@pytest.mark.parametrize(
    ("route", "observed"),
    [
        ("good", response(200, CALL.echo)),
        ("cuts", response(200, CALL.echo[:5], whole=False)),
        ("cuts", problem(502)),
        ("cuts", problem(503, **{"retry-after": "1"})),
    ],
)
def test_what_may_be_is_no_violation(route: str, observed: Response, judge: Judge) -> None:
    judge.observe(route, CALL, observed, 0.1)
    assert judge.violations == []


@pytest.mark.parametrize(
    ("route", "observed"),
    [
        pytest.param("good", response(200, OTHER.echo), id="the response of another"),
        pytest.param("good", response(200, CALL.echo[:5], whole=False), id="a cut"),
        pytest.param("good", problem(502), id="a failure of what is good"),
        pytest.param("good", response(0, b"", {"failure": "TimeoutError()"}, whole=False), id="no response"),
        pytest.param("cuts", response(200, OTHER.echo[:-1], whole=False), id="a cut response of another"),
        pytest.param("cuts", response(200, CALL.echo), id="whole where none is"),
        pytest.param("cuts", problem(500), id="an error of the gateway"),
        pytest.param("cuts", problem(503), id="no Retry-After"),
        pytest.param("cuts", problem(502, **{"x-request-id": "b" * 32}), id="two request ids"),
    ],
)
def test_what_may_not_be_is_a_violation(route: str, observed: Response, judge: Judge) -> None:
    judge.observe(route, CALL, observed, 0.1)
    assert len(judge.violations) == 1


def test_no_refusal_comes_twice(judge: Judge) -> None:
    for _ in range(2):
        judge.observe("cuts", CALL, problem(502), 0.1)
    assert len(judge.violations) == 1


def failures(**labels: str) -> str:
    text = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"# TYPE gateway_upstream_failures counter\ngateway_upstream_failures_total{{{text}}} 3\n"


def test_a_cause_and_its_status_are_those_of_the_way(judge: Judge) -> None:
    for _ in range(2):
        judge.read_causes(failures(route="cuts", cause="connection_lost", status="502"))
    assert judge.violations == []
    judge.read_causes(failures(route="cuts", cause="invalid_response", status="502"))
    judge.read_causes(failures(route="good", cause="connection_lost", status="502"))
    assert len(judge.violations) == 2


def test_what_is_left_and_what_was_never_tried_are_violations(judge: Judge) -> None:
    judge.left("# TYPE gateway_active_requests gauge\ngateway_active_requests 1\n")
    assert judge.violations == [
        "gateway_active_requests is 1 when all have left",
        "good was never called",
        "cuts has never failed by connection_lost: nothing was tried",
        "cuts was never called",
    ]


def test_a_request_that_came_twice_is_a_violation(judge: Judge) -> None:
    judge.posted("good", {"/good/1": 1, "/good/2": 2})
    assert judge.violations == ["POST /good/2 came 2 times to good"]


def test_each_way_shows_a_cause_or_serves() -> None:
    assert [name for name, (_, way) in SCRIPTS.items() if not (way.shows or way.served)] == []
