"""A process of the stack is kept alive until it is told to stop."""

import asyncio
import io
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from deploy.errors import StackError
from deploy.local import processes, report
from deploy.local.command import Command
from deploy.local.processes import Process, run_to_end, stop_in_waves
from deploy.local.report import Report, StillWaiting
from tests.support.waiting import until

OBEDIENT = "import time; print('up', flush=True); time.sleep(60)"
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"

Start = Callable[[str, str], Awaitable[Process]]


class Watched:
    """The processes that a test starts, and what they report."""

    def __init__(self, logs: Path) -> None:
        self.out = io.StringIO()
        self.given_up: list[tuple[str, str]] = []
        self.processes: list[Process] = []
        self._logs = logs

    def _given_up(self, name: str, reason: str) -> None:
        self.given_up.append((name, reason))

    async def start(self, name: str, code: str) -> Process:
        command = Command(name, (sys.executable, "-c", code), dict(os.environ))
        process = Process(command, self._logs, Report(self.out), lambda: None, self._given_up)
        self.processes.append(process)
        await process.start()
        return process


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    it = Watched(tmp_path)
    yield it
    await stop_in_waves([it.processes], grace=0.2)


def pid(process: Process) -> int:
    assert process.started is not None
    return process.started.pid


async def up(process: Process) -> None:
    await until(lambda: "up" in process.last_words())


async def test_a_killed_process_comes_back_within_a_second(watched: Watched) -> None:
    process = await watched.start("gateway", OBEDIENT)
    await up(process)
    first = pid(process)
    os.kill(first, signal.SIGKILL)
    await until(lambda: pid(process) != first)
    assert "gateway | ended (SIGKILL)" in watched.out.getvalue()


async def test_a_process_that_dies_young_is_started_ever_more_slowly(watched: Watched) -> None:
    await watched.start("gateway", "raise SystemExit(3)")
    await until(lambda: "in 0.4 s" in watched.out.getvalue())
    shown = watched.out.getvalue()
    assert shown.index("in 0.1 s") < shown.index("in 0.2 s") < shown.index("in 0.4 s")


async def test_bad_configuration_is_not_tried_again(watched: Watched) -> None:
    process = await watched.start("gateway", "print('PASSGATE_PORT: no port'); raise SystemExit(2)")
    await until(lambda: watched.given_up)
    assert watched.given_up == [("gateway", "cannot run as it is configured")]
    assert process.last_words() == "PASSGATE_PORT: no port"


async def test_a_process_that_never_worked_is_given_up(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MAX_EARLY_DEATHS", 2)
    await watched.start("gateway", "raise SystemExit(3)")
    await until(lambda: watched.given_up)
    assert watched.given_up == [("gateway", "ended 2 times in a row (exit status 3)")]


async def test_a_process_that_worked_is_never_given_up(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MAX_EARLY_DEATHS", 2)
    process = await watched.start("gateway", "raise SystemExit(3)")
    process.proven = True
    await until(lambda: "in 0.4 s" in watched.out.getvalue())
    assert not watched.given_up


async def test_the_last_line_of_a_log_is_called_that_and_is_no_reason(watched: Watched) -> None:
    await watched.start("gateway", "print('ready', flush=True); raise SystemExit(3)")
    await until(lambda: "starting it again" in watched.out.getvalue())
    assert "ended (exit status 3); starting it again in 0.1 s; its log ends with: ready\n" in watched.out.getvalue()


async def test_a_process_that_does_not_stop_is_killed(watched: Watched) -> None:
    process = await watched.start("gateway", DEAF)
    await up(process)
    child = pid(process)
    await process.stop(grace=0.2)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert "did not stop" in watched.out.getvalue()


async def test_a_stopped_process_stays_down_even_between_two_starts(watched: Watched) -> None:
    process = await watched.start("gateway", "raise SystemExit(3)")
    await until(lambda: "starting it again" in watched.out.getvalue())
    await process.stop(grace=5)
    assert process.started is None
    before = watched.out.getvalue()
    await asyncio.sleep(0.5)
    assert watched.out.getvalue() == before


async def test_a_wave_has_ended_before_the_next_is_asked_to(watched: Watched, tmp_path: Path) -> None:
    slow = (
        "import signal, sys, time\n"
        "def leave(*_):\n    time.sleep(0.2); open(sys.argv[1] + '/order', 'a').write('gateway '); sys.exit()\n"
        "signal.signal(15, leave); print('up', flush=True); time.sleep(60)"
    )
    fast = slow.replace("time.sleep(0.2); ", "").replace("gateway", "store")
    first = await watched.start("gateway", slow.replace("sys.argv[1]", repr(str(tmp_path))))
    second = await watched.start("store", fast.replace("sys.argv[1]", repr(str(tmp_path))))
    await asyncio.gather(up(first), up(second))
    await stop_in_waves([[first], [second]], grace=5)
    assert (tmp_path / "order").read_text() == "gateway store "


async def test_a_command_that_fails_is_named_with_its_last_words(tmp_path: Path) -> None:
    command = Command("migrate", (sys.executable, "-c", "print('no such table'); raise SystemExit(1)"))
    with pytest.raises(StackError, match="no such table"):
        await run_to_end(command, tmp_path / "log", lambda: None)


async def test_a_command_has_as_long_as_it_takes_and_it_is_said_that_it_is_still_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STILL_INTERVAL_S", 0.05)
    monkeypatch.setattr(report, "STILL_INTERVAL_S", 0.1)
    out, go_on = io.StringIO(), tmp_path / "go_on"
    command = Command("migrate", ("sh", "-c", f"until [ -e {go_on} ]; do sleep 0.02; done"), dict(os.environ))
    still = StillWaiting(Report(out), "the migration")
    running = asyncio.create_task(run_to_end(command, tmp_path / "log", still))
    await until(lambda: out.getvalue().count("still waiting for the migration, 0 s so far") > 1)
    assert not running.done()
    go_on.touch()
    await running


async def test_a_command_is_ended_with_whoever_waits_for_it(tmp_path: Path) -> None:
    script = f"echo $$ > {tmp_path}/pid; exec sleep 60"
    running = asyncio.create_task(
        run_to_end(Command("migrate", ("sh", "-c", script), dict(os.environ)), tmp_path / "log", lambda: None)
    )
    await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip() != "")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    child = int((tmp_path / "pid").read_text())
    await until(lambda: not Path(f"/proc/{child}/exe").exists())  # also of one that its parent has yet to hear of


def test_who_leaves_a_command_in_the_turn_in_which_it_ends_is_cancelled_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaving: list[asyncio.Task[None]] = []

    class CancellingAtTheEnd(asyncio.subprocess.SubprocessStreamProtocol):
        def process_exited(self) -> None:
            super().process_exited()
            leaving[0].cancel()  # before those who wait for the end have heard of it

    async def leave() -> None:
        command = Command("migrate", ("sh", "-c", "exit 0"), dict(os.environ))
        leaving.append(asyncio.create_task(run_to_end(command, tmp_path / "log", lambda: None)))
        await asyncio.wait(leaving)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    monkeypatch.setattr(asyncio.subprocess, "SubprocessStreamProtocol", CancellingAtTheEnd)
    asyncio.run(leave())  # on the loop that the stack is run by: uvloop tells of an end in another order
    assert leaving[0].cancelled(), leaving[0].exception()


async def test_a_process_whose_start_could_not_be_recorded_is_still_ended(tmp_path: Path) -> None:
    def disk_full() -> None:
        raise OSError(28, "No space left on device")

    command = Command("gateway", (sys.executable, "-c", OBEDIENT), dict(os.environ))
    process = Process(command, tmp_path, Report(io.StringIO()), disk_full, lambda *_: None)
    with pytest.raises(OSError, match="No space"):
        await process.start()
    child = pid(process)
    with pytest.raises(OSError, match="No space"):
        await process.stop(grace=5)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


async def test_a_process_whose_log_was_removed_is_started_again_and_stopped(watched: Watched) -> None:
    process = await watched.start("unlogged", OBEDIENT)
    await until(lambda: process.log.stat().st_size > 0)
    assert process.started is not None
    first = process.started.pid
    process.log.unlink()
    os.kill(first, signal.SIGKILL)
    await until(lambda: process.started is not None and process.started.pid != first)
    await process.stop(grace=5)
    assert process.started is None
