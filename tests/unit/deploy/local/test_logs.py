"""Errors in the logs reach the terminal; the rest stays in the files."""

import io
import json
from pathlib import Path

import pytest

from deploy.local import logs
from deploy.local.logs import ErrorTail, cause_of_death, error_in, last_words
from deploy.local.report import Report


@pytest.mark.parametrize(
    ("name", "line", "shown"),
    [
        ("gateway", '{"level":"info","event":"request"}', ""),
        (
            "gateway",
            '{"level":"error","event":"no upstream","service":"gateway","route":"site"}',
            "no upstream route=site",
        ),
        ("gateway", "Traceback (most recent call last):", ""),
        ("gateway", '  File "x.py", line 1, in <module>', ""),
        ("gateway", "KeyError: 'x'", "KeyError: 'x'"),
        ("postgres", "2026 UTC [1] a@b ERROR:  duplicate key value", ""),
        ("postgres", "2026 UTC [1] @ PANIC:  could not write", "2026 UTC [1] @ PANIC:  could not write"),
        ("valkey", "1:M 01 Jan 2026 * Ready to accept connections", ""),
        ("valkey", "1:M 01 Jan 2026 # Write error saving DB", "1:M 01 Jan 2026 # Write error saving DB"),
    ],
)
def test_what_is_shown_of_a_line(name: str, line: str, shown: str) -> None:
    assert error_in(name, line) == shown


def error(event: str) -> str:
    return json.dumps({"level": "error", "event": event}, separators=(",", ":")) + "\n"


def test_only_errors_written_after_the_start_are_shown_each_once(tmp_path: Path) -> None:
    log, out = tmp_path / "gateway.log", io.StringIO()
    log.write_text(error("old"))
    tail = ErrorTail(Report(out))
    tail.add("gateway", log)
    with log.open("a") as handle:
        handle.write(error("first") + error("second")[:-5])
    tail.look()
    assert "first" in out.getvalue()
    assert "old" not in out.getvalue()
    assert "second" not in out.getvalue()
    with log.open("a") as handle:
        handle.write(error("second")[-5:])
    tail.look()
    tail.look()
    assert out.getvalue().count("first") == 1
    assert out.getvalue().count("second") == 1


def test_the_rest_of_a_line_that_was_jumped_into_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, out, usual = tmp_path / "gateway.log", io.StringIO(), '{"level":"info","event":"request"}\n'
    monkeypatch.setattr(logs, "MAX_BYTES_PER_LOOK", len(usual) + len(error("last")) + 10)
    tail = ErrorTail(Report(out))
    tail.add("gateway", log)
    log.write_text(usual * 20 + error("last"))
    tail.look()
    assert [line.split(" | ")[-1] for line in out.getvalue().splitlines()] == ["last"]
    with log.open("a") as handle:
        handle.write(error("next"))
    tail.look()
    assert "next" in out.getvalue()


def test_a_log_past_its_size_is_moved_aside_without_losing_the_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAX_LOG_BYTES", 100)
    log = tmp_path / "gateway.log"
    tail = ErrorTail(Report(io.StringIO()))
    tail.add("gateway", log)
    with log.open("ab", buffering=0) as writer:
        writer.write(b'{"n":1}\n' * 20)
        tail.look()
        tail.rotate()
        writer.write(b'{"n":2}\n')
    assert log.read_bytes() == b'{"n":2}\n'
    assert (tmp_path / "gateway.log.1").read_bytes() == b'{"n":1}\n' * 20


def test_the_supervisor_s_own_log_is_kept_small_and_nothing_of_it_is_shown_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAX_LOG_BYTES", 10)
    log, out = tmp_path / logs.SUPERVISOR_LOG, io.StringIO()
    tail = ErrorTail(Report(out), log)
    log.write_text("gateway | OSError: in use\n")
    tail.look()
    tail.rotate()
    assert (log.read_text(), out.getvalue()) == ("", "")
    assert (tmp_path / f"{logs.SUPERVISOR_LOG}.1").read_text() == "gateway | OSError: in use\n"


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ('Traceback (most recent call last):\n  File x\nOSError: in use\n{"event":"unclosed"}', "OSError: in use"),
        ('{"event":"one"}\n{"event":"two"}\n', '{"event":"two"}'),
        ("", ""),
    ],
)
def test_the_cause_of_death_is_the_exception_if_there_is_one(words: str, cause: str) -> None:
    assert cause_of_death(words) == cause


def test_last_words_of_a_log_that_has_no_end_are_within_the_bound(tmp_path: Path) -> None:
    (tmp_path / "gateway.log").symlink_to("/dev/full")
    assert len(last_words(tmp_path / "gateway.log")) <= logs.MAX_LAST_WORDS_BYTES


def test_last_words_are_those_of_this_start(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    log.write_text("an earlier run\n")
    start = log.stat().st_size
    with log.open("a") as handle:
        handle.write("configuration error\n")
    assert last_words(log, start) == "configuration error"


def test_a_log_that_cannot_be_read_has_no_last_words(tmp_path: Path) -> None:
    assert last_words(tmp_path / "gone.log", since=10) == ""
    assert last_words(tmp_path) == ""
