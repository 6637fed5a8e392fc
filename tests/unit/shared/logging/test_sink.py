"""A stream that cannot be written costs log lines, and nothing else."""

import asyncio
import errno
import io
import json
import os
import select
from typing import Any

import pytest

from shared.logging import sink as sinks
from shared.logging.sink import LogSink


def notice(lost: int) -> bytes:
    return b'{"lost":%d}\n' % lost


class Failing:
    """Raises `failure` while it is set; takes at most `room` bytes of a write before it does."""

    def __init__(self) -> None:
        self.failure: BaseException | None = None
        self.room = 0
        self.written = b""

    def write(self, data: bytes) -> int | None:
        if self.failure is None:
            self.written += data
            return len(data)
        if self.room:
            taken, self.room = data[: self.room], 0
            self.written += taken
            return len(taken)
        raise self.failure


FAILURES = [
    *(OSError(number, os.strerror(number)) for number in (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EBADF)),
    BrokenPipeError(errno.EPIPE, "Broken pipe"),
    ValueError("I/O operation on closed file"),
    BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
    RuntimeError("reentrant call"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
@pytest.mark.parametrize("room", [0, 3])
def test_a_stream_that_fails_and_recovers_costs_its_lines_and_their_number_is_written(
    failure: Exception, room: int
) -> None:
    stream = Failing()
    sink = LogSink(stream, notice)
    sink.write(b'{"n":1}\n')
    stream.failure, stream.room = failure, room
    for _ in range(5):
        sink.write(b'{"n":2}\n')
    assert sink.lost == 5
    stream.failure = None
    sink.write(b'{"n":3}\n')
    sink.write(b'{"n":4}\n')
    lines = stream.written.splitlines()
    whole = [json.loads(line) for line in lines if line.endswith(b"}")]
    assert whole == [{"n": 1}, {"lost": 5}, {"n": 3}, {"n": 4}]
    assert sink.lost == 5


def test_a_line_that_is_taken_in_parts_is_whole() -> None:
    stream = Failing()
    stream.failure, stream.room = OSError(), 3

    class Dribbling(Failing):
        def write(self, data: bytes) -> int:
            self.written += data[:3]
            return len(data[:3])

    dribbling = Dribbling()
    sink = LogSink(dribbling, notice)
    sink.write(b'{"n":1000000}\n')
    assert (dribbling.written, sink.lost) == (b'{"n":1000000}\n', 0)


def test_without_standard_output_lines_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    sink = LogSink(sinks.standard_output(), notice)
    sink.write(b"{}\n")
    assert sink.lost == 1


def test_dev_full_and_a_closed_descriptor_cost_lines_alone() -> None:
    with open("/dev/full", "wb", buffering=0) as full:
        sink = LogSink(full, notice)
        sink.write(b"{}\n")
    sink.write(b"{}\n")
    assert sink.lost == 2


def test_a_line_that_cannot_be_rendered_is_counted_and_says_nothing_of_the_stream() -> None:
    sink = LogSink(Failing(), notice)
    sink.lose()
    assert (sink.lost, sink.lost_at) == (1, float("-inf"))


def test_a_reader_that_takes_nothing_does_not_hold_up_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "STALL_MS", 1)
    reader, writer = os.pipe()
    try:
        with io.FileIO(writer, "wb", closefd=False) as stream:
            sink = LogSink(stream, notice)
            for _ in range(5000):
                sink.write(b"x" * 99 + b"\n")
            assert sink.lost
            lost, taken = sink.lost, 0
            while taken < (5000 - lost) * 100:
                taken += len(os.read(reader, 65536))
            sink.write(b"last\n")
            assert sink.lost == lost
            assert b'{"lost":%d}' % lost in os.read(reader, 65536)
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize(("blocking", "writes"), [(True, 3), (False, 1)])
def test_a_pipe_that_would_not_wait_is_written_at_once_and_one_that_would_in_pieces(
    monkeypatch: pytest.MonkeyPatch, blocking: bool, writes: int
) -> None:
    sizes: list[int] = []

    class Pipe(io.FileIO):
        def write(self, data: Any) -> int:
            sizes.append(len(data))
            return super().write(data)

    reader, writer = os.pipe()
    os.set_blocking(writer, blocking)
    with Pipe(writer, "wb") as stream, open(reader, "rb") as other_end:
        LogSink(stream, notice).write(b"x" * 9999 + b"\n")
        assert len(other_end.read(10000)) == 10000
    assert (len(sizes), sum(sizes)) == (writes, 10000)


@pytest.mark.interpreted  # it takes the place of what tells when a pipe has room
def test_a_reader_that_takes_a_little_at_a_time_holds_up_a_write_no_longer_than_one_that_takes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Reader:
        """Makes room for one piece every 30 ms."""

        now_ms = 0.0

        def poll(self, timeout_ms: float) -> list[int]:
            self.now_ms += min(timeout_ms, 30)
            return [1] if timeout_ms >= 30 else []

    poll, reader, writer = Reader(), *os.pipe()
    monkeypatch.setattr(sinks, "_writability", lambda _: poll)
    monkeypatch.setattr(sinks, "monotonic", lambda: 1 + poll.now_ms / 1000)
    with io.FileIO(writer, "wb") as stream, open(reader, "rb") as other_end:
        sink = LogSink(stream, notice)
        sink.write(b"x" * (5 * select.PIPE_BUF - 1) + b"\n")
        assert (sink.lost, len(other_end.read(3 * select.PIPE_BUF))) == (1, 3 * select.PIPE_BUF)
    assert 90 <= round(poll.now_ms) <= sinks.STALL_MS


async def test_the_lines_of_one_turn_of_the_event_loop_are_one_write_in_their_order() -> None:
    class Counting(Failing):
        writes = 0

        def write(self, data: bytes) -> int | None:
            self.writes += 1
            return super().write(data)

    stream = Counting()
    sink = LogSink(stream, notice)
    for number in range(3):
        sink.collect(b"%d\n" % number)
    assert stream.written == b""
    await asyncio.sleep(0)
    assert (stream.written, stream.writes) == (b"0\n1\n2\n", 1)
    sink.collect(b"3\n")
    sink.write(b"4\n")
    assert stream.written == b"0\n1\n2\n3\n4\n"


def test_without_an_event_loop_a_line_is_written_at_once() -> None:
    stream = Failing()
    LogSink(stream, notice).collect(b"0\n")
    assert stream.written == b"0\n"


async def test_collected_lines_that_cannot_be_written_are_counted_each() -> None:
    stream = Failing()
    stream.failure = OSError(errno.ENOSPC, "No space left on device")
    sink = LogSink(stream, notice)
    for _ in range(3):
        sink.collect(b"0\n")
    sink.flush()
    assert sink.lost == 3
