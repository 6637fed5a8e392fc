"""Whether the event loop runs, as any thread can see it: its heartbeat, and from when on it stands still."""

import asyncio
import time
from collections.abc import Callable

BEAT_INTERVAL_S = 0.25
NOT_LIVE_AFTER_S = 5.0
"""Seconds for which the event loop may stand still before the process should be started anew."""
EVENT_LOOP = "event_loop"
"""What liveness calls it."""


class Heartbeat:
    """Of the running event loop, from `start` to `stop`."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._beat_at = monotonic()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def stands_still(self) -> bool:
        return self._monotonic() - self._beat_at > NOT_LIVE_AFTER_S

    def start(self) -> None:
        self._beat_at = self._monotonic()
        self._timer = asyncio.get_running_loop().call_later(BEAT_INTERVAL_S, self.start)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
