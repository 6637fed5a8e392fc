"""What is written down about a call is its own, however many calls like it came before."""

import io
import json
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from gateway.credentials.identity import Identity
from gateway.credentials.refused import RefusedCredential
from gateway.edge.client_origin import Origin, unproxied
from gateway.forwarding.repeated_call import RepeatedCall
from gateway.metrics import GatewayMetrics
from gateway.proxy.report import Call, Report, report_refusal
from shared import logging
from shared.logging.sampling import BURST_LINES, Sampler
from shared.logging.sink import LogSink
from tests.support.http1.heads import head_of, route_of

CLIENT = unproxied("9.9.9.9")
PROXIED = Origin(client="9.9.9.9", peer="10.0.0.9", chain="9.9.9.9", scheme="https", host="", trusted=True)


class NoAudit:
    def note_refusal(self, event: object, **_: object) -> None:
        raise AssertionError

    def count_refusal(self, **fields: object) -> None:
        raise AssertionError

    def event(self, *arguments: object, **fields: object) -> Any:
        raise AssertionError


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    stream = io.BytesIO()
    monkeypatch.setattr(logging._log, "prefix", '"level":"info","service":"gateway"')
    monkeypatch.setattr(logging._log, "sink", LogSink(stream, logging._resumed))
    monkeypatch.setattr(logging._log, "sampler", Sampler(lambda: 0.0))
    monkeypatch.setattr(logging._log, "access_enabled", True)
    return stream


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def report(registry: CollectorRegistry) -> Report:
    return Report(NoAudit(), GatewayMetrics(registry))


def call(number: int, *, line: str = "GET /a?b=secret HTTP/1.1", origin: Origin = CLIENT, **members: Any) -> Call:
    made = Call(head_of(line=line), origin, f"request-{number}")
    made.route, made.company, made.credential, made.status = "a", "blabla", "pgck_1", 200
    for name, value in members.items():
        setattr(made, name, value)
    return made


KNOWN = Identity("api_client", "blabla", "pgck_1", "s", "company")
CALLS: list[dict[str, Any]] = [
    {},
    {"line": "POST /a HTTP/1.1"},
    {"line": "GET /b HTTP/1.1"},
    {"status": 201},
    {"company": "other"},
    {"credential": "pgck_2"},
    {"route": "b"},
    {"origin": PROXIED},
    {"origin": unproxied("8.8.8.8")},
]


def test_a_call_that_comes_again_has_the_status_of_its_own_response(lines: io.BytesIO, report: Report) -> None:
    again = RepeatedCall(route_of(), "/a", "", KNOWN, from_proxy=False)
    for number, status in enumerate((200, 200, 304, 200)):
        report.ended(call(number, repeated_call=again, status=status))
    read = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [(line["request_id"], line["status"]) for line in read] == [
        ("request-0", 200),
        ("request-1", 200),
        ("request-2", 304),
        ("request-3", 200),
    ]


def test_calls_that_differ_in_anything_have_lines_of_their_own(lines: io.BytesIO, report: Report) -> None:
    for _ in range(2):
        for number, members in enumerate(CALLS):
            report.ended(call(number, **members))
    read = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line["request_id"] for line in read] == [f"request-{number}" for number in range(len(CALLS))] * 2
    for number, members in enumerate(CALLS * 2):
        expected = call(0, **members)
        assert read[number]["path"] == ("/b" if members.get("line", "").startswith("GET /b") else "/a")
        for name in ("route", "status", "company", "credential"):
            assert read[number][name] == getattr(expected, name)
        assert {**read[number], **expected.origin.log_fields} == read[number]
        assert ("proxy" in read[number]) == expected.origin.trusted
    assert b"secret" not in lines.getvalue()


@pytest.mark.parametrize("length", [475, 477, 490, 511])
def test_nothing_is_left_of_a_session_token_in_a_path_that_is_cut(
    lines: io.BytesIO, report: Report, length: int
) -> None:
    path = "/a" * (length // 2) + "/8b11af5a-f95f-4609-b386-864451e86c37"
    report.ended(call(1, line=f"GET {path} HTTP/1.1"))
    (line,) = map(json.loads, lines.getvalue().splitlines())
    assert "8b11af5a" not in line["path"]
    assert line["path"].startswith("/a/a/a")


def test_what_else_is_known_of_a_call_stands_in_its_line(lines: io.BytesIO, report: Report) -> None:
    many = int(BURST_LINES) + 10
    for number in range(many):
        report.ended(call(number))
        report.ended(call(number, detail={"decided_for": "envoy"}))
    read = [json.loads(line).get("decided_for") for line in lines.getvalue().splitlines()]
    assert read == [None, "envoy"] * many


def test_each_call_is_counted_once(lines: io.BytesIO, report: Report, registry: CollectorRegistry) -> None:
    for number in range(3):
        report.ended(call(number))
    report.ended(call(4, status=0))
    found = {"route": "a", "method": "GET"}
    name = "gateway_request_duration_seconds_count"
    assert registry.get_sample_value(name, {**found, "status": "200"}) == 3
    assert registry.get_sample_value(name, {**found, "status": "499"}) == 1


def test_errors_of_a_known_client_are_sampled_and_other_calls_are_not(lines: io.BytesIO, report: Report) -> None:
    many = int(BURST_LINES) + 10
    for number in range(many):
        report.ended(call(number, status=404))
    assert len(lines.getvalue().splitlines()) == int(BURST_LINES)
    for number in range(many):
        report.ended(call(number))
    assert len(lines.getvalue().splitlines()) == int(BURST_LINES) + many


class Recorded(NoAudit):
    """What would be written: lines, and what is counted."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.counted: list[dict[str, object]] = []

    def event(self, *arguments: object, **fields: object) -> Any:
        return fields

    def note_refusal(self, event: Any, **_: object) -> None:
        self.lines.append(event)

    def count_refusal(self, **fields: object) -> None:
        self.counted.append(fields)


def test_what_was_called_is_the_endpoint_in_lines_and_in_counts() -> None:
    audit = Recorded()
    report_refusal(audit, RefusedCredential.of(KNOWN, "stopped"), route="site", origin=CLIENT)
    report_refusal(audit, RefusedCredential("malformed"), route="site", origin=CLIENT)
    assert audit.lines[0]["detail"] == {"cause": "stopped", "endpoint": "site", "client": "9.9.9.9"}
    assert audit.counted == [{"cause": "malformed", "endpoint": "site", "client": "9.9.9.9", "logged": True}]


def test_a_caller_of_another_issuer_is_counted_and_has_no_line() -> None:
    audit = Recorded()
    foreign = Identity("external_token", "corp|a", "corp|b", "corp|b", "", issuer="corp")
    report_refusal(audit, RefusedCredential.of(foreign, "insufficient_scope"), route="site", origin=CLIENT)
    assert (audit.lines, len(audit.counted)) == ([], 1)


@pytest.mark.parametrize("company", ["blabla", ""], ids=["known", "anonymous"])
def test_each_line_names_the_trace_of_its_call_and_no_other(
    lines: io.BytesIO, report: Report, company: str
) -> None:
    for number, trace_id in enumerate(("a" * 32, "b" * 32, "")):
        report.ended(call(number, company=company, trace_id=trace_id))
    read = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line.get("trace_id") for line in read] == ["a" * 32, "b" * 32, None]
