"""CPU time and memory of a process together with all its descendants, from the kernel's own account."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import StackError

PROC = Path("/proc")
MICROSECONDS_PER_TICK = 1_000_000 // os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
_CPUCLOCK_SCHED = 2
"""With a process's id above it, that is its clock, as clock_getcpuclockid(3) makes it."""


@dataclass(frozen=True)
class Process:
    """One process: `microseconds` of user and system time, those of reaped children included."""

    parent: int
    microseconds: float
    resident_pages: int


def own_microseconds(pid: int) -> float:
    """CPU time of all threads of one process so far, exact: the ticks in /proc are of 10 ms. Raises `OSError`."""
    return time.clock_gettime_ns((~pid << 3) | _CPUCLOCK_SCHED) / 1000


def snapshot(proc: Path = PROC, own_time: Callable[[int], float] = own_microseconds) -> dict[int, Process]:
    """Every process of the machine at this moment, by pid."""
    processes = {}
    for directory in proc.glob("[0-9]*"):
        pid = int(directory.name)
        try:
            stat = (directory / "stat").read_text()
            own = own_time(pid)
        except OSError:
            continue  # gone meanwhile
        # The name, in parentheses, may hold anything; counted from there: state 0, ppid 1, cutime 13, cstime 14.
        fields = stat.rpartition(")")[2].split()
        reaped = (int(fields[13]) + int(fields[14])) * MICROSECONDS_PER_TICK
        processes[pid] = Process(int(fields[1]), own + reaped, int(fields[21]))
    return processes


def cpu_microseconds(processes: Mapping[int, Process], root: int) -> float:
    """User and system time of `root` and its descendants since they began. Raises `StackError` if it has gone."""
    return sum(processes[pid].microseconds for pid in tree(processes, root))


def resident_megabytes(processes: Mapping[int, Process], root: int) -> float:
    """Resident memory of the tree; pages that its processes share count once for each."""
    return sum(processes[pid].resident_pages for pid in tree(processes, root)) * PAGE / 1e6


def tree(processes: Mapping[int, Process], root: int) -> Iterator[int]:
    """The pids of `root` and its descendants, itself first. Raises `StackError` if it has gone."""
    if root not in processes:
        raise StackError(f"process {root} ended while it was measured")
    found = [root]
    while found:
        pid = found.pop()
        yield pid
        found += [child for child, process in processes.items() if process.parent == pid]
