"""A forked process cannot be told from one that Python has started."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import mirror
from tests.support.harness.commands import run_command
from tests.support.harness.forking.async_process import start_process
from tests.support.waiting import BUSY_MACHINE_LIMIT_S

ENVIRONMENT = {"PATH": os.defpath, "GIVEN": "ü"}


async def test_it_has_its_own_pid_and_what_it_is_given_and_no_more() -> None:
    process = await start_process(mirror.__name__, "status", "0", environment=ENVIRONMENT)
    output, errors = await asyncio.wait_for(process.communicate(), BUSY_MACHINE_LIMIT_S)
    first, *after = output.decode().splitlines()
    assert json.loads(first) == {
        "pid": process.pid,
        "arguments": ["status", "0"],
        "environment": ENVIRONMENT,
        "directory": str(Path.cwd()),
    }
    assert (process.returncode, after, errors) == (0, ["at exit"], b"an error\n")


@pytest.mark.parametrize("arguments", [("status", "3"), ("text",), ("fault",)], ids=" ".join)
def test_it_ends_as_python_ends(arguments: tuple[str, ...]) -> None:
    forked = run_command(mirror.__name__, *arguments, environment=ENVIRONMENT)
    started = subprocess.run(
        [sys.executable, "-m", mirror.__name__, *arguments], env=ENVIRONMENT, capture_output=True, text=True
    )
    assert forked.status == started.returncode
    assert forked.output.splitlines()[1:] == started.stdout.splitlines()[1:] == ["at exit"]
    assert forked.errors.splitlines()[-1] == started.stderr.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_a_signal_ends_it_and_is_its_status(number: signal.Signals) -> None:
    process = await start_process(mirror.__name__, "wait", environment=ENVIRONMENT, merged=True)
    assert await process.stdout.readline()
    assert await process.stdout.readline() == b"an error\n"
    process.send_signal(number)
    assert await asyncio.wait_for(process.wait(), BUSY_MACHINE_LIMIT_S) == -number


def test_a_command_that_does_not_end_is_ended() -> None:
    with pytest.raises(TimeoutError):
        run_command(mirror.__name__, "wait", environment=ENVIRONMENT, limit=0.1)


async def test_of_many_that_are_killed_at_once_each_is_reported() -> None:
    for _ in range(3):
        processes = [
            await start_process(mirror.__name__, "wait", environment=ENVIRONMENT, merged=True) for _ in range(30)
        ]
        for process in processes:
            await process.stdout.readline()
        for process in processes:
            process.kill()
        for process in processes:
            assert await asyncio.wait_for(process.wait(), BUSY_MACHINE_LIMIT_S) == -signal.SIGKILL
