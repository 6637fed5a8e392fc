"""What is written in one turn of the event loop, sent at the end of that turn.

A write wakes whoever reads at the other end, which on one machine costs more than all else that a write does. When
the writes of a turn follow each other, most find their readers awake (`make bench`).
"""

import asyncio
from collections import deque
from typing import Protocol


class Writing(Protocol):
    """A connection that something has been written to. `below`: the loop's transport."""

    below: asyncio.Transport
    waiting: bool
    """Whether something has been written in this turn that is not sent."""


class TurnWrites:
    """What the connections of one event loop have written in this turn of it."""

    __slots__ = ("_due", "_loop", "_turn", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[tuple[Writing, bytes]] = deque()
        self._due = False
        self._turn = 0

    @property
    def turn(self) -> int:
        """The number of this turn of the loop: another one in each turn that somebody asks in."""
        self._await_end()
        return self._turn

    def add(self, transport: Writing, data: bytes) -> None:
        self._waiting.append((transport, data))
        self._await_end()

    def send(self) -> None:
        """Send all of it now. What is for a transport that has been closed meanwhile is dropped.

        A connection that cannot be written to ends, and no other feels it.
        """
        waiting = self._waiting
        while waiting:
            transport, data = waiting.popleft()
            transport.waiting = False
            below = transport.below
            if below.is_closing():
                continue
            try:
                below.write(data)
            except Exception as error:
                self._loop.call_exception_handler({"message": "a write failed", "exception": error})
                below.abort()

    def _await_end(self) -> None:
        if not self._due:
            self._due = True
            self._loop.call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._due = False
        self._turn += 1
        self.send()
