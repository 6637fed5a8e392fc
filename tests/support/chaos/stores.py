"""How long the stores have waited for a CPU: whoever needs them waits as well."""

from pathlib import Path
from typing import Any

from tests.support.harness.stores import RunningStore

STORES = "stores"
"""What they are called among those that are starved."""


class StoreStarvation:
    """Of all their processes, at each reading, only the one that has waited for longest since the last counts."""

    def __init__(self, *stores: "RunningStore[Any]") -> None:
        self._stores = stores
        self._waited: dict[int, float] = {}
        self._total = 0.0

    def total(self) -> float:
        """Seconds since the first reading."""
        waited = {pid: waited_for_cpu(pid) for store in self._stores for pid in _pids(store)}
        longer = [at - self._waited[pid] for pid, at in waited.items() if pid in self._waited]
        self._total += max(longer, default=0.0)
        self._waited = waited
        return self._total


def _pids(store: "RunningStore[Any]") -> list[int]:
    try:
        pid = store.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except (RuntimeError, OSError):  # it is away
        return []
    return [pid, *map(int, children.split())]


def waited_for_cpu(pid: int) -> float:
    """Seconds for which its first thread has; 0 for a process that is not there."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
