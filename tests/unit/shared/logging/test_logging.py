"""What a log line holds, and that logging never gets in the way of anything."""

import io
import json
import logging as standard_logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from shared import logging
from shared.logging.sampling import BURST_LINES, Sampler
from shared.logging.sink import LogSink
from shared.opaque import API_TOKEN, mint


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no text can be had of it")

    __repr__ = __str__


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.BytesIO]:
    handlers = standard_logging.getLogger().handlers[:]
    logging.configure("test")
    stream = io.BytesIO()
    monkeypatch.setattr(logging._log, "sink", LogSink(stream, logging._resumed))
    monkeypatch.setattr(logging._log, "sampler", Sampler())
    monkeypatch.setattr(logging._log, "error_sampler", Sampler())
    yield stream
    standard_logging.captureWarnings(False)
    standard_logging.getLogger().handlers[:] = handlers
    structlog.reset_defaults()


def read(stream: io.BytesIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_access_line_has_the_request_id_and_no_credential_that_a_field_may_hold(lines: io.BytesIO) -> None:
    token = mint(API_TOKEN)
    logging.request_id.set("abcdef1234")
    logging.access({"method": "GET", "path": f"/x/{token}{token}", "status": 200, "detail": {"header": token}})
    (line,) = read(lines)
    assert (line["request_id"], line["event"], line["status"]) == ("abcdef1234", "request", 200)
    assert token[5:] not in lines.getvalue().decode()


def test_no_credential_is_left_of_an_exceptions_text_or_of_what_a_library_logs(lines: io.BytesIO) -> None:
    token = mint(API_TOKEN)
    log = structlog.get_logger()
    try:
        raise ValueError(f"cannot use {token}{token}")
    except ValueError as error:
        log.exception("first.event", reason=str(error), error=error)
        standard_logging.getLogger("library").exception("failed with %s", token)
    first, second = read(lines)
    assert first["level"] == second["level"] == "error"
    assert "ValueError" in first["exception"]
    assert (second["event"], second["logger"]) == ("library.message", "library")
    assert token[5:] not in lines.getvalue().decode()


@pytest.mark.parametrize(
    "value",
    [
        Hostile(),
        "\ud800",
        2**70,
        float("nan"),
        {1: {2: object()}},
        b"\xff",
        {"a": Hostile()},
        [Hostile()],
        "x" * 10**6,
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_field_that_cannot_be_serialised_raises_nothing(lines: io.BytesIO, value: object) -> None:
    logging.access({"path": "/x", "status": 200, "field": value})
    structlog.get_logger().warning("some.event", field=value)
    try:
        raise RuntimeError(value)
    except RuntimeError:
        structlog.get_logger().exception("other.event")
    record = standard_logging.makeLogRecord({"levelname": "ERROR", "msg": "%d %s", "args": (value,)})
    logging._Bridge().handle(record)
    structlog.get_logger().info("last.event")
    written = read(lines)
    assert written[-1]["event"] == "last.event"
    assert len(written) + logging.lines_lost() >= 5
    assert max(map(len, lines.getvalue().splitlines())) < 20_000


def test_lines_of_a_flood_are_sampled_and_the_count_of_what_is_left_out_is_reported_once(lines: io.BytesIO) -> None:
    for _ in range(1000):
        if logging.access_admits(("request", "site", "invalid")):
            logging.access({"path": "/x", "status": 401}, sampled=True)
        structlog.get_logger().warning("upstream.failed", upstream="site")
        logging.access({"path": "/x", "status": 200})
    structlog.get_logger().warning("upstream.failed", upstream="other")
    written = read(lines)
    served = [line for line in written if line.get("status") == 200]
    refused = [line for line in written if line.get("status") == 401]
    assert len(served) == 1000
    assert BURST_LINES <= len(refused) < 100
    assert written[-1]["upstream"] == "other"  # one upstream's failures do not hide another's
    left_out = logging.lines_left_out()
    assert left_out == 2001 - (len(written) - len(served))
    logging.report_left_out()
    logging.report_left_out()
    reports = [line for line in read(lines) if line["event"] == "log.left_out"]
    assert sum(line["lines"] for line in reports) == left_out
    assert {(line["of"], line["kind"]) for line in reports} == {
        ("request", "site invalid"),
        ("upstream.failed", "site"),
    }


def test_access_lines_are_written_at_info_and_not_at_warning(lines: io.BytesIO) -> None:
    logging.configure("test", "warning")
    logging._log.sink = LogSink(lines, logging._resumed)
    logging.access({"path": "/x", "status": 200})
    structlog.get_logger().info("some.event")
    assert lines.getvalue() == b""


def test_no_flood_of_other_lines_silences_an_error(lines: io.BytesIO) -> None:
    log = structlog.get_logger()
    for kind in range(400):
        if logging.access_admits(("request", str(kind))):
            logging.access({"path": "x" * 2000}, sampled=True)
        log.warning("something.happened", code=str(kind), text="x" * 2000)
    lines.truncate(0)
    lines.seek(0)
    log.warning("something.else")
    log.error("background_task.ended", task="change_follower")
    assert [line["event"] for line in read(lines)] == ["background_task.ended"]


def test_errors_are_sampled_and_counted_too(lines: io.BytesIO) -> None:
    log = structlog.get_logger()
    for _ in range(1000):
        log.error("request.failed")
    assert len(read(lines)) < 100
    lines.truncate(0)
    lines.seek(0)
    logging.report_left_out()
    (line,) = read(lines)
    assert (line["of"], line["lines"] > 900) == ("request.failed", True)
    assert logging.lines_left_out() == line["lines"]


def test_each_line_says_which_process_of_its_service_wrote_it(lines: io.BytesIO) -> None:
    logging._log.fields = {"worker": 1}
    structlog.get_logger().info("first.event")
    logging.access({"path": "/"})
    logging._log.fields = {}
    structlog.get_logger().info("second.event")
    assert [line.get("worker") for line in read(lines)] == [1, 1, None]


def test_the_kept_line_of_a_call_is_the_one_that_is_written_for_a_call_seen_for_the_first_time(
    lines: io.BytesIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = mint(API_TOKEN)
    own = {"method": "GET", "status": 200, "company": "blabla"}
    looked_through = {"path": f'/x/{token}/"é'}
    logging.configure("gateway", fields={"worker": 1})
    monkeypatch.setattr(logging._log, "sink", LogSink(lines, logging._resumed))
    kept = logging.rendered_fields(looked_through, own)
    logging.access_rendered(kept, "abcdef1234", 1.2345, 0.004)
    logging.access(looked_through, own={"request_id": "abcdef1234", "duration_ms": 1.23, "upstream_ms": 0.0, **own})
    first, second = read(lines)
    assert first | {"time": ""} == second | {"time": ""}
    assert len(first["time"]) == len(second["time"]) == len("2026-11-27T09:00:00.000Z")
    assert token not in lines.getvalue().decode()


def test_a_kept_line_is_not_written_where_access_lines_are_not(lines: io.BytesIO) -> None:
    logging._log.access_enabled = False
    logging.access_rendered(logging.rendered_fields({"path": "/"}, {}), "abcdef1234", 1.0, 1.0)
    logging._log.access_enabled = True
    assert read(lines) == []


def test_lines_that_are_passed_on_are_written_as_they_are_and_counted_when_they_cannot_be(
    lines: io.BytesIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    logging.pass_on(b'{"n":1}\n{"n":2}\n')
    assert lines.getvalue() == b'{"n":1}\n{"n":2}\n'
    monkeypatch.setattr(logging._log, "sink", LogSink(None, logging._resumed))
    logging.pass_on(b'{"n":3}\n{"n":4}\n')
    assert logging.lines_lost() == 2
