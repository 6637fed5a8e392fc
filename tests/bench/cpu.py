"""CPU time and memory of a process together with all its descendants, from /proc."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import StackError

PROC = Path("/proc")
MICROSECONDS_PER_TICK = 1_000_000 // os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Process:
    """One line of /proc/PID/stat: `ticks` of user and system time, those of reaped children included."""

    parent: int
    ticks: int
    resident_pages: int


def snapshot(proc: Path = PROC) -> dict[int, Process]:
    """Every process of the machine at this moment, by pid."""
    processes = {}
    for directory in proc.glob("[0-9]*"):
        try:
            stat = (directory / "stat").read_text()
        except OSError:
            continue  # gone meanwhile
        # The name, in parentheses, may hold anything; counted from there: state 0, ppid 1, utime 11 .. cstime 14.
        fields = stat.rpartition(")")[2].split()
        processes[int(directory.name)] = Process(int(fields[1]), sum(map(int, fields[11:15])), int(fields[21]))
    return processes


def cpu_microseconds(processes: Mapping[int, Process], root: int) -> int:
    """User and system time of `root` and its descendants since they began. Raises `StackError` if it has gone."""
    return sum(process.ticks for process in _tree(processes, root)) * MICROSECONDS_PER_TICK


def resident_megabytes(processes: Mapping[int, Process], root: int) -> float:
    """Resident memory of the tree; pages that its processes share count once for each."""
    return sum(process.resident_pages for process in _tree(processes, root)) * PAGE / 1e6


def _tree(processes: Mapping[int, Process], root: int) -> Iterator[Process]:
    if root not in processes:
        raise StackError(f"process {root} ended while it was measured")
    found = [root]
    while found:
        pid = found.pop()
        yield processes[pid]
        found += [child for child, process in processes.items() if process.parent == pid]
