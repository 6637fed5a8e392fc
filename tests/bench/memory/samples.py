"""What was seen of the gateway's process, minute by minute, and whether it stayed flat."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.cpu import PROC
from tests.bench.memory_use import memory_of
from tests.bench.page import aligned

SETTLED_MINUTE = 2
"""By then every connection has called, and every cache has what it will have."""


@dataclass(frozen=True)
class Sample:
    """`connections`: those of idle clients. Memory is in megabytes (1e6)."""

    when: str
    megabytes: float
    descriptors: int
    connections: int


def sample(when: str, pid: int, connections: int, proc: Path = PROC) -> Sample:
    """Raises `OSError` when the process has gone."""
    return Sample(when, memory_of(pid).rss, len(list((proc / str(pid) / "fd").iterdir())), connections)


@dataclass
class Course:
    """The samples of one run: at the start, after each minute, and when all clients have left."""

    bound_mb: float
    start: Sample
    minutes: list[Sample] = field(default_factory=list)

    @property
    def growth_mb(self) -> float | None:
        """From the minute by which it has settled to the last one; None while there is none to compare."""
        if len(self.minutes) <= SETTLED_MINUTE:
            return None
        return self.minutes[-1].megabytes - self.minutes[SETTLED_MINUTE - 1].megabytes

    @property
    def flat(self) -> bool:
        """A run that is too short to be judged has not failed."""
        return self.growth_mb is None or self.growth_mb <= self.bound_mb

    def verdict(self) -> str:
        if self.growth_mb is None:
            return f"shorter than {SETTLED_MINUTE + 1} minutes: not judged"
        word = "flat" if self.flat else "NOT FLAT"
        since = f"since the minute {SETTLED_MINUTE}"
        return f"{word}: {self.growth_mb:+.1f} MB {since}, at most {self.bound_mb:g} are allowed"


def table(samples: Sequence[Sample]) -> list[str]:
    head = ["when", "MB resident", "descriptors", "idle connections"]
    rows = [[one.when, f"{one.megabytes:.1f}", f"{one.descriptors:,}", f"{one.connections:,}"] for one in samples]
    return aligned([head, *rows])
