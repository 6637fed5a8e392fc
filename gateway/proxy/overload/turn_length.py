"""How long one turn of the event loop takes: the time for which whatever arrives meanwhile is not looked at."""

import asyncio
import time
from collections.abc import Callable

SAMPLE_INTERVAL_S = 0.1
"""Seconds between the end of one measured turn and the beginning of the next."""


class TurnLength:
    """Measures a turn now and then, from `start` to `stop`. `measured` gets each length, in seconds."""

    def __init__(self, measured: Callable[[float], None], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._measured = measured
        self._monotonic = monotonic
        self._began = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(SAMPLE_INTERVAL_S, loop.call_soon, self._begin)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self) -> None:
        """Between the timers and the sockets of a turn: what is put off here comes after these sockets."""
        self._began = self._monotonic()
        asyncio.get_running_loop().call_soon(self._end)

    def _end(self) -> None:
        self._measured(self._monotonic() - self._began)
        if self._timer is not None:
            self.start()
