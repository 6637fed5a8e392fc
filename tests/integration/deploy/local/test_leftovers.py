"""A process of the stack is found by the mark in its environment, with no file to say so."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.command import Command
from deploy.local.leftovers import find_marked, marked, running
from deploy.local.runfile import RunFile, Started

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc shows it")


def start(command: Command) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command.full_argv(), env=dict(command.environment))


def test_a_process_that_was_never_recorded_is_found_and_ended(tmp_path: Path) -> None:
    var = tmp_path / "é 日本 %2F" / "var"
    child = start(marked(Command("gateway", ("sleep", "60")), var))
    try:
        assert running(RunFile(var / "run"), var) == [("gateway", Started.of(child.pid))]
        for _, process in find_marked(var):
            process.end(grace=0)
        assert child.wait(timeout=5) < 0
        assert find_marked(var) == []
    finally:
        child.kill()


def test_the_process_of_another_stack_and_one_without_a_mark_are_left_alone(tmp_path: Path) -> None:
    children = [
        start(marked(Command("gateway", ("sleep", "60")), tmp_path / "other")),
        start(Command("gateway", ("sleep", "60"))),
    ]
    try:
        assert find_marked(tmp_path / "var") == []
    finally:
        for child in children:
            child.kill()
            child.wait(timeout=5)


def test_of_a_process_and_its_children_the_process_alone_is_ended(tmp_path: Path) -> None:
    command = Command("postgres", ("sh", "-c", "sleep 60 & echo; wait"))
    parent = subprocess.Popen(
        command.full_argv(), env=dict(marked(command, tmp_path).environment), stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    try:
        parent.stdout.readline()
        assert [process.pid for _, process in find_marked(tmp_path)] == [parent.pid]
    finally:
        for _, process in find_marked(tmp_path):
            process.end(grace=5)
        parent.wait(timeout=5)
        for _, process in find_marked(tmp_path):
            process.end(grace=5)
        parent.stdout.close()
