"""The processes of a stack by a mark in their environment, which cannot fail to be written as a file can.

The mark is there from the first moment of a process: with the disk full, and when a supervisor was killed between
starting a process and recording it. Linux shows it in /proc; elsewhere the run file is all that is known.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from deploy.local.command import Command
from deploy.local.runfile import RunFile, Started
from deploy.local.stack import STOP_WAVES

MARK = "PASSGATE_STACK_PROCESS"


def marked(command: Command, var: Path) -> Command:
    """The command with the mark of the stack that keeps its data in `var`."""
    mark = f"{command.name}:{int(command.stop_signal)}:{os.path.realpath(var)}"
    return replace(command, environment={**command.environment, MARK: mark})


def running(run_file: RunFile, var: Path) -> list[tuple[str, Started]]:
    """All processes of the stack that run now, by name: recorded ones, and those that only bear its mark."""
    recorded = list(run_file.read().items())
    known = {process.pid for _, process in recorded}
    return recorded + [(name, process) for name, process in find_marked(var) if process.pid not in known]


def in_stop_order(processes: Sequence[tuple[str, Started]]) -> list[tuple[str, Started]]:
    """As `STOP_WAVES` has it; what is not known to it comes first."""
    wave = {name: number for number, names in enumerate(STOP_WAVES) for name in names}
    return sorted(processes, key=lambda item: wave.get(item[0], -1))


def find_marked(var: Path) -> list[tuple[str, Started]]:
    """The processes that bear the mark of the stack in `var`, without the children that inherited it."""
    wanted = os.fsencode(os.path.realpath(var))
    found: dict[int, tuple[str, Started]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        mark = _mark(entry)
        if mark is None or mark[2] != wanted:
            continue
        pid = int(entry.name)
        process = Started.of(pid, int(mark[1]))
        if process.began:
            found[pid] = (mark[0].decode(errors="replace"), process)
    return [known for pid, known in found.items() if _parent(pid) not in found]


def _mark(process: Path) -> tuple[bytes, bytes, bytes] | None:
    """Name, stop signal and directory in the mark of a process; None where there is none that we may read."""
    prefix = f"{MARK}=".encode()
    try:
        variables = (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return None
    for variable in variables:
        if variable.startswith(prefix):
            name, _, rest = variable[len(prefix) :].partition(b":")
            number, _, directory = rest.partition(b":")
            return (name, number, directory) if number.isdigit() else None
    return None


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0
