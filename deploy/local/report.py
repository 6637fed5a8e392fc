"""What the terminal shows: progress, what needs attention, the table at the end."""

import errno
import os
import sys
import time
from collections.abc import Iterable, Sequence
from typing import TextIO

STILL_INTERVAL_S = 30.0
"""Seconds after which it is said again that something is still waited for."""
COLOURS = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "dim": "2", "bold": "1"}


class Report:
    """Writes to `out`, in colour where that is a terminal whose user has not set NO_COLOR."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._lost = False
        self._started = time.monotonic()
        self._colours = self._out.isatty() and not os.environ.get("NO_COLOR")

    def step(self, text: str) -> None:
        """Something has been done."""
        self._line(f"{self.colour('dim', f'[{self.elapsed:5.1f} s]')} {text}")

    def warn(self, name: str, text: str) -> None:
        self._line(f"{self.colour('yellow', f'{name} |')} {text}")

    def error(self, name: str, text: str) -> None:
        for line in text.splitlines():
            self._line(f"{self.colour('red', f'{name} |')} {line}")

    def failure(self, text: str) -> None:
        """The command ends here, and why."""
        self._line(f"{self.colour('red', 'error:')} {text}")

    def text(self, text: str = "") -> None:
        self._line(text)

    def pass_on(self, lines: Iterable[str]) -> None:
        """What another report has written."""
        for line in lines:
            self._line(line.removesuffix("\n"))

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Columns as wide as their widest cell; the last one is the state, coloured by how it begins."""
        widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
        self._line(self.colour("bold", "  ".join(map(str.ljust, header, widths)).rstrip()))
        for row in rows:
            *cells, state = row
            line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False))
            colour = "green" if state == "ready" else "yellow" if state.startswith("ready") else "red"
            self._line(f"{line}  {self.colour(colour, state)}")

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def colour(self, name: str, text: str) -> str:
        return f"\033[{COLOURS[name]}m{text}\033[0m" if self._colours else text

    def _line(self, text: str) -> None:
        if self._lost:
            return
        try:
            print(text, file=self._out, flush=True)
        except OSError as error:  # the terminal may have gone, or the disk be full: what runs need not go with it
            self._lost = error.errno != errno.ENOSPC


class StillWaiting:
    """To be called again and again while `what` takes its time, and whoever watches is to know that it does."""

    def __init__(self, report: Report, what: str) -> None:
        self._report = report
        self._what = what
        self._began = self._said = time.monotonic()

    def __call__(self) -> None:
        now = time.monotonic()
        if now - self._said >= STILL_INTERVAL_S:
            self._said = now
            self._report.step(f"still waiting for {self._what}, {now - self._began:.0f} s so far")
