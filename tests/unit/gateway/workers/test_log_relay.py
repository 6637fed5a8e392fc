"""Lines of workers arrive whole, in whatever pieces they come."""

import os

import pytest

from gateway.workers import log_relay
from gateway.workers.log_relay import LogRelay, log_pipe
from tests.support.waiting import until


@pytest.fixture
def passed_on(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    passed: list[bytes] = []
    monkeypatch.setattr(log_relay, "pass_on", passed.append)
    return passed


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_only_whole_lines_are_passed_on_however_they_are_cut(passed_on: list[bytes], size: int) -> None:
    relay, text = LogRelay(), b'{"a":1}\n{"b":2}\n\n{"c":3}'
    for start in range(0, len(text), size):
        relay.data_received(text[start : start + size])
        assert all(lines.endswith(b"\n") for lines in passed_on)
    assert b"".join(passed_on) == text[: text.rindex(b"\n") + 1]
    relay.connection_lost(None)
    assert b"".join(passed_on) == text + b"\n"


def test_a_line_without_an_end_takes_no_more_memory_than_its_bound(
    passed_on: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_relay, "MAX_UNFINISHED_BYTES", 10)
    relay = LogRelay()
    for _ in range(5):
        relay.data_received(b"123456")
    assert passed_on == [b"123456123456\n"] * 2


async def test_what_is_written_to_the_pipe_is_passed_on(passed_on: list[bytes]) -> None:
    writable, relay = await log_pipe()
    os.write(writable, b"a\nb")
    await until(lambda: passed_on == [b"a\n"])
    os.close(writable)
    await until(lambda: passed_on == [b"a\n", b"b\n"])
    relay.close()
