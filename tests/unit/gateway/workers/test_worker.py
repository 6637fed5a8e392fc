"""A worker is there from the start to the stop, and what cannot work is not tried for ever."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.workers import log_relay
from gateway.workers import worker as module
from gateway.workers.lifeline import Lifeline
from gateway.workers.place import WorkerPlace
from gateway.workers.worker import Worker
from shared.errors import Unavailable
from tests.support.waiting import until


@pytest.fixture
def lifeline() -> Iterator[Lifeline]:
    line = Lifeline()
    yield line
    line.close()


@pytest.fixture
def restarts_in(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were logged, in seconds."""
    pauses: list[float] = []

    class Log:
        def error(self, event: str, *, restart_in_s: float = 0.0, **_: object) -> None:
            if event == "worker.ended":
                pauses.append(restart_in_s)

        def info(self, *_: object, **__: object) -> None:
            pass

    monkeypatch.setattr(module, "log", Log())
    return pauses


def worker(directory: Path, lifeline: Lifeline, script: str) -> Worker:
    """One whose process is a shell that runs `script`, with the place as its argument 0."""
    place = WorkerPlace(
        number=3, port=1, socket=directory / "s", lifeline=lifeline.descriptor, gateway_id="gateway"
    )
    return Worker(place, ("sh", "-c", script))


async def test_one_that_ends_again_and_again_is_started_after_longer_and_longer_pauses(
    tmp_path: Path, lifeline: Lifeline, restarts_in: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_RESTART_S", 0.001)
    monkeypatch.setattr(module, "MAX_RESTART_S", 0.004)
    ending = worker(tmp_path, lifeline, "exit 3")
    await ending.start()
    await until(lambda: ending.restarts >= 5)
    await ending.stop(5)
    assert restarts_in[:5] == [0.001, 0.002, 0.004, 0.004, 0.004]


async def test_one_that_lived_steadily_is_started_again_soon(
    tmp_path: Path, lifeline: Lifeline, restarts_in: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_RESTART_S", 0.001)
    monkeypatch.setattr(module, "STEADY_AFTER_S", 0.0)
    ending = worker(tmp_path, lifeline, "exit 3")
    await ending.start()
    await until(lambda: ending.restarts >= 3)
    await ending.stop(5)
    assert set(restarts_in) == {0.001}


@pytest.mark.parametrize("proven", [False, True])
async def test_its_configuration_is_given_up_at_the_start_alone(
    tmp_path: Path, lifeline: Lifeline, restarts_in: list[float], proven: bool
) -> None:
    ending = worker(tmp_path, lifeline, "exit 2")
    ending.proven = proven
    await ending.start()
    await until(lambda: ending.refused or ending.restarts)
    assert (ending.refused, ending.restarts) == (not proven, int(proven))
    await ending.up()  # returns either way
    await ending.stop(5)


async def test_its_last_lines_are_passed_on_before_it_counts_as_ended(
    tmp_path: Path, lifeline: Lifeline, restarts_in: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: list[bytes] = []
    monkeypatch.setattr(log_relay, "pass_on", passed.append)
    monkeypatch.setattr(module, "worker_log", log_relay.log_pipe)
    lines = (
        "trap 'echo stopping; sleep 0.003; echo stopped; exit 0' TERM; echo started; while :; do sleep 0.05; done"
    )
    one = worker(tmp_path, lifeline, lines)
    await one.start()
    await until(lambda: passed == [b"started\n"])
    await one.stop(5)
    assert b"".join(passed) == b"started\nstopping\nstopped\n"


async def test_one_whose_log_is_held_open_by_another_process_counts_as_ended_all_the_same(
    tmp_path: Path, lifeline: Lifeline, restarts_in: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LAST_LINES_WITHIN_S", 0.01)
    monkeypatch.setattr(module, "worker_log", log_relay.log_pipe)
    one = worker(tmp_path, lifeline, f"sleep 60 & echo $! > {tmp_path}/other; exit 2")
    await one.start()
    try:
        await asyncio.wait_for(one.up(), 30)
        assert one.refused
    finally:
        os.kill(int((tmp_path / "other").read_text()), signal.SIGKILL)
        await one.stop(5)


async def test_one_that_does_not_drain_is_killed(
    tmp_path: Path, lifeline: Lifeline, restarts_in: list[float]
) -> None:
    stuck = worker(tmp_path, lifeline, f"trap '' TERM; touch {tmp_path}/up; while :; do sleep 0.05; done")
    await stuck.start()
    await until((tmp_path / "up").exists)
    await stuck.stop(0.1)
    assert stuck.run is None
    assert stuck.restarts == 0


async def test_a_command_that_cannot_be_started_is_tried_again(
    tmp_path: Path, lifeline: Lifeline, restarts_in: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_RESTART_S", 0.001)
    descriptors = len(os.listdir("/proc/self/fd"))
    place = WorkerPlace(number=0, port=1, socket=tmp_path / "s", lifeline=lifeline.descriptor, gateway_id="gateway")
    absent = Worker(place, (str(tmp_path / "absent"),))
    await absent.start()
    await until(lambda: absent.restarts >= 3)
    with pytest.raises(Unavailable, match="does not run"):
        await absent.get("/health/live")
    await absent.stop(5)
    await until(lambda: len(os.listdir("/proc/self/fd")) <= descriptors)
