import os
import time
from pathlib import Path

import pytest

from deploy.errors import StackError
from tests.bench.cpu import MICROSECONDS_PER_TICK, cpu_microseconds, snapshot

STAT = "{pid} ({name}) S {parent} 1 1 0 -1 0 0 0 0 0 7 7 {reaped} 20 0 1 0 100 1000 7 0\n"
OWN = {10: 3.0, 11: 300.0, 12: 3000.0, 13: 70_000.0}


def make(proc: Path, pid: int, parent: int, reaped: str = "0 0", name: str = "server") -> None:
    (proc / str(pid)).mkdir()
    (proc / str(pid) / "stat").write_text(STAT.format(pid=pid, name=name, parent=parent, reaped=reaped))


def test_time_of_a_process_holds_that_of_its_descendants_and_of_its_dead_children(tmp_path: Path) -> None:
    make(tmp_path, 10, 1, "30 40")
    make(tmp_path, 11, 10, name="a) S 1 (worker")
    make(tmp_path, 12, 11)
    make(tmp_path, 13, 1)

    assert cpu_microseconds(snapshot(tmp_path, OWN.__getitem__), 10) == 3303 + 70 * MICROSECONDS_PER_TICK


def test_a_server_that_ended_is_not_taken_for_an_idle_one(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="ended"):
        cpu_microseconds(snapshot(tmp_path), 10)


def test_time_of_this_process_agrees_with_its_own_account() -> None:
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass

    alone = {os.getpid(): snapshot()[os.getpid()]}  # the stores of other tests are children of this process
    seen = cpu_microseconds(alone, os.getpid()) / 1e6

    assert seen == pytest.approx(sum(os.times()[:4]), abs=0.1)
