"""A watch that notices when something blocks the event loop, and shows where."""

import asyncio
import sys
import threading
import traceback
from pathlib import Path

TICK_S = 0.2
"""Seconds between two looks at the loop: each takes both its thread and the loop's from what they do."""


class LoopWatch:
    """Asks the loop for a sign of life at every tick, from a thread, between `begin` and `end`.

    The loop counts as blocked after `limit` seconds' worth of ticks without one. Ticks are counted, not
    seconds: on a machine too busy to run this very thread, no tick passes and nothing is blamed on the loop.
    Nor is a tick counted for much of which the loop's own thread has waited for a CPU.

    One watch serves all tests of a process: to start a thread for each would take longer than most of them.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: float = 1.0, tick: float = TICK_S) -> None:
        self._loop = loop
        self._tick = tick
        self._patience = round(limit / tick)
        self._loop_thread = threading.get_ident()
        self._schedule = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._blocked_at: str | None = None
        self._waited = 0
        self._watching = threading.Event()
        self._over = threading.Event()
        self._alive = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="loop-watch", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        self._blocked_at, self._waited = None, 0
        self._alive.set()
        self._watching.set()

    def end(self) -> str | None:
        """The stack of what held the loop, the first time since `begin` that it was held too long."""
        self._watching.clear()
        return self._blocked_at

    def stop(self) -> None:
        self._over.set()
        self._watching.set()
        self._thread.join()

    def _watch(self) -> None:
        starved = self._starved()
        while not self._over.wait(self._tick):
            if not self._watching.is_set():
                self._watching.wait()
                starved = self._starved()
                continue
            before, starved = starved, self._starved()
            if self._alive.is_set() or not self._loop.is_running():
                self._waited = 0
                self._ask()
            elif starved - before < self._tick / 2:
                self._waited += 1
            if self._waited == self._patience and self._blocked_at is None:
                frame = sys._current_frames().get(self._loop_thread)
                self._blocked_at = "".join(traceback.format_stack(frame))

    def _starved(self) -> float:
        """Seconds for which the loop's thread has been able to run and waited for a CPU; 0 if it is not known."""
        try:
            return int(self._schedule.read_text().split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            return 0.0

    def _ask(self) -> None:
        """A loop that stands between two tests owes no sign: it is asked again at the next tick."""
        if self._loop.is_running():
            self._alive.clear()
            self._loop.call_soon_threadsafe(self._alive.set)
        else:
            self._alive.set()
