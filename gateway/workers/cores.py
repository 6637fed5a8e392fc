"""How many cores this process may use, and so how many workers there are."""

import math
import os
from pathlib import Path

from gateway.config import MAX_DEFAULT_WORKERS, Settings

CGROUP_LIMIT = Path("/sys/fs/cgroup/cpu.max")
"""Of control groups, version 2: microseconds of CPU in a period (or `max`), and the period."""


def worker_count(settings: Settings) -> int:
    return settings.gateway_workers or min(usable_cores(), MAX_DEFAULT_WORKERS)


def usable_cores(limit: Path = CGROUP_LIMIT) -> int:
    """The cores of this machine that it may run on, or as many as its container's share of CPU time fills."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, math.ceil(_share(limit, cores))))


def _share(limit: Path, without: float) -> float:
    """The CPU time that may be used at once, in cores; `without` where there is no limit."""
    try:
        quota, period = limit.read_text(encoding="ascii").split()
        return without if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return without
