"""What runs is found again; what only looks like it is left alone."""

import json
import signal
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest

from deploy.errors import StackError
from deploy.local.runfile import RunFile, Started


@pytest.fixture
def sleeper() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(["sleep", "60"])


def test_a_process_is_found_until_it_has_ended(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    run_file = RunFile(tmp_path)
    started = Started.of(sleeper.pid)
    run_file.write({"gateway": started})
    assert run_file.read() == {"gateway": started}
    started.end(grace=5)
    assert run_file.read() == {}
    sleeper.wait(timeout=5)
    started.end(grace=5)
    started.signal(signal.SIGTERM)


def test_another_process_with_the_same_pid_is_left_alone(
    tmp_path: Path, sleeper: "subprocess.Popen[bytes]"
) -> None:
    try:
        earlier = Started(sleeper.pid, "12345 another-boot")
        RunFile(tmp_path).write({"gateway": earlier})
        assert RunFile(tmp_path).read() == {}
        earlier.end(grace=1)
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait(timeout=5)


def test_a_process_that_ignores_its_signal_is_killed() -> None:
    stubborn = subprocess.Popen(
        ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.05; done"], stdout=subprocess.PIPE
    )
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    Started.of(stubborn.pid).end(grace=0.3)
    assert stubborn.wait(timeout=5) == -9
    stubborn.stdout.close()


DAMAGED = (
    "",
    "[]",
    "{",
    '{"processes": 7}',
    '{"processes": {"gateway": 7}}',
    '{"processes": {"gateway": {"pid": 1}}}',
)


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_means_nothing_is_known(tmp_path: Path, content: str) -> None:
    (tmp_path / "stack.json").write_text(content)
    assert RunFile(tmp_path).read() == {}
    assert RunFile(tmp_path).layout() == {}


def test_the_stack_of_the_first_release_is_found_until_it_has_ended(
    tmp_path: Path, sleeper: "subprocess.Popen[bytes]"
) -> None:
    """Somebody may have brought the checkout to this release before `make down`."""
    started = Started.of(sleeper.pid)
    (tmp_path / "stack.json").write_text(json.dumps({"supervisor": asdict(started)}))
    assert RunFile(tmp_path).read() == {"supervisor": started}
    assert RunFile(tmp_path).layout() == {}
    sleeper.kill()
    sleeper.wait()
    assert RunFile(tmp_path).read() == {}


def test_where_the_stack_listens_is_known_for_as_long_as_its_supervisor_runs(
    tmp_path: Path, sleeper: "subprocess.Popen[bytes]"
) -> None:
    started = Started.of(sleeper.pid)
    RunFile(tmp_path).write({"supervisor": started}, {"PASSGATE_GATEWAY_PORT": "9080"})
    assert RunFile(tmp_path).layout() == {"PASSGATE_GATEWAY_PORT": "9080"}
    assert RunFile(tmp_path).code() == ""
    RunFile(tmp_path).write({"supervisor": started}, code="0.1.0")
    assert RunFile(tmp_path).code() == "0.1.0"
    started.end(grace=5)
    sleeper.wait(timeout=5)
    assert RunFile(tmp_path).layout() == {}


def test_there_is_one_supervisor_at_a_time(tmp_path: Path) -> None:
    with RunFile(tmp_path).lock(), pytest.raises(StackError, match="up already"), RunFile(tmp_path).lock():
        pass
    with RunFile(tmp_path).lock():
        pass
