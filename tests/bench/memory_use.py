"""Memory of single processes: what each holds, and what it would give back."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.cpu import PROC


@dataclass(frozen=True)
class Memory:
    """In megabytes (1e6): `rss` is resident, `pss` counts a page that n processes share as its nth part."""

    rss: float
    pss: float


def memory_of(pid: int, proc: Path = PROC) -> Memory:
    """Raises `OSError` if it has gone, or is somebody else's."""
    return parsed((proc / str(pid) / "smaps_rollup").read_text().splitlines())


def parsed(lines: Iterable[str]) -> Memory:
    """From the lines of smaps_rollup, each with a name and kilobytes (1024)."""
    kilobytes = {words[0]: int(words[1]) for words in map(str.split, lines) if words[-1] == "kB"}
    return Memory(kilobytes["Rss:"] * 1024 / 1e6, kilobytes["Pss:"] * 1024 / 1e6)
