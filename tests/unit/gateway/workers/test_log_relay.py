"""Lines of workers arrive whole, in whatever pieces they come."""

import asyncio
import os
from functools import partial
from pathlib import Path

import pytest

from gateway.workers import log_relay
from gateway.workers.log_relay import NO_PAUSE_BYTES, PIPE_BYTES, LogRelay, end_line, log_pipe, worker_log
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
    await asyncio.wait_for(relay.ended(), 5)
    assert passed_on == [b"a\n", b"b\n"]


class Pipe(asyncio.ReadTransport):
    """Its readable end: what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def pause_reading(self) -> None:
        self.asked.append("pause")

    def resume_reading(self) -> None:
        self.asked.append("resume")

    def is_closing(self) -> bool:
        return "close" in self.asked

    def close(self) -> None:
        self.asked.append("close")


async def test_between_two_reads_of_a_pipe_there_is_a_pause(passed_on: list[bytes]) -> None:
    pipe, relay = Pipe(), LogRelay(pause=0.001)
    relay.connection_made(pipe)
    relay.data_received(b"a\n")
    assert (passed_on, pipe.asked) == ([b"a\n"], ["pause"])
    await until(lambda: pipe.asked == ["pause", "resume"])


async def test_a_pipe_that_has_much_to_read_is_read_without_a_pause(passed_on: list[bytes]) -> None:
    pipe, relay = Pipe(), LogRelay(pause=0.001)
    relay.connection_made(pipe)
    relay.data_received(b"a" * NO_PAUSE_BYTES)
    assert pipe.asked == []


async def test_a_pipe_that_was_closed_in_a_pause_is_read_no_more(passed_on: list[bytes]) -> None:
    pipe, relay = Pipe(), LogRelay(pause=0.001)
    relay.connection_made(pipe)
    relay.data_received(b"a\n")
    relay.close()
    await asyncio.sleep(0.01)
    assert pipe.asked == ["pause", "close"]


async def test_what_a_pipe_cannot_hold_is_not_waited_for(passed_on: list[bytes]) -> None:
    writable, relay = await log_pipe()
    assert os.write(writable, b"x" * (2 * PIPE_BYTES)) == PIPE_BYTES
    with pytest.raises(BlockingIOError):
        os.write(writable, b"x")
    os.close(writable)
    relay.close()


async def test_a_pipe_that_cannot_hold_more_is_read_without_a_pause(
    passed_on: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_relay, "PIPE_BYTES", 1 << 30)
    monkeypatch.setattr(log_relay, "PAUSE_S", 3600)
    writable, relay = await log_pipe()
    for line in (b"a\n", b"b\n"):
        os.write(writable, line)
        await until(partial(passed_on.__contains__, line))
    os.close(writable)
    await asyncio.wait_for(relay.ended(), 5)


async def test_to_a_file_that_is_appended_to_a_worker_writes_for_itself(tmp_path: Path) -> None:
    with (tmp_path / "log").open("ab", 0) as own:
        own.write(b"supervisor\n")
        workers = [await worker_log(own.fileno()) for _ in range(2)]
        for number, (writable, relay) in enumerate(workers):
            assert relay is None
            os.write(writable, b"worker %d\n" % number)
            os.close(writable)
        own.write(b"supervisor\n")
    assert (tmp_path / "log").read_bytes() == b"supervisor\nworker 0\nworker 1\nsupervisor\n"


@pytest.mark.parametrize("written", [b"", b"a\n", b"a\nb"])
def test_a_line_that_a_worker_was_killed_at_is_ended_and_no_other(tmp_path: Path, written: bytes) -> None:
    with (tmp_path / "log").open("ab", 0) as own:
        own.write(written)
        end_line(own.fileno())
        own.write(b"c\n")
    assert (tmp_path / "log").read_bytes() == (b"a\nb\nc\n" if written == b"a\nb" else written + b"c\n")


async def test_a_pipe_that_cannot_be_read_leaves_no_descriptor_open(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object) -> None:
        raise OSError("too many")

    monkeypatch.setattr(asyncio.get_running_loop(), "connect_read_pipe", fails)
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="too many"):
        await log_pipe()
    assert set(os.listdir("/proc/self/fd")) <= before


@pytest.mark.parametrize("kind", ["pipe", "file that is written from its beginning", "closed"])
async def test_to_anything_else_a_worker_writes_through_a_relay(
    passed_on: list[bytes], tmp_path: Path, kind: str
) -> None:
    reader, writer = os.pipe()
    with (tmp_path / "log").open("wb") as file, os.fdopen(reader), os.fdopen(writer):
        own = {"pipe": writer, "file that is written from its beginning": file.fileno(), "closed": -1}[kind]
        writable, relay = await worker_log(own)
        os.write(writable, b"a\n")
        os.close(writable)
        assert relay is not None
        await asyncio.wait_for(relay.ended(), 5)
    assert passed_on == [b"a\n"]
