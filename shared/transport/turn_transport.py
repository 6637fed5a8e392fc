"""A transport that sends what is written in one turn of the event loop at the end of that turn."""

import asyncio
import weakref
from typing import Any, cast

from shared.transport.turn_writes import TurnWrites

LARGE_BYTES = 16384
"""From here on a write is made at once, so that flow control sees it at once."""


_of_loops: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, TurnWrites]" = weakref.WeakKeyDictionary()


class TurnTransport(asyncio.Transport):
    """Whatever else is done to the connection finds sent what was written before. `below`: the loop's transport.

    When the other end has closed its side, the loop closes `below` unasked: call `send` in `eof_received`. And
    `pause_writing` comes when it is sent: to know whether writing is paused, call `send` first if it is `waiting`.
    """

    __slots__ = ("_writes", "below", "waiting")

    def __init__(self, below: asyncio.Transport, writes: TurnWrites) -> None:
        self.below = below
        self.waiting = False
        """Whether something has been written in this turn that is not sent."""
        self._writes = writes

    @property
    def turn(self) -> int:
        """The number of this turn of the loop, which all its connections have."""
        return self._writes.turn

    def write(self, data: Any) -> None:
        """`data` must not be changed afterwards: it is kept, and not copied, until the end of the turn."""
        if len(data) >= LARGE_BYTES:
            self._writes.send()
            self.below.write(data)
            return
        self.waiting = True
        self._writes.add(self, data)

    def send(self) -> None:
        self._writes.send()

    def write_eof(self) -> None:
        self._writes.send()
        self.below.write_eof()

    def close(self) -> None:
        self._writes.send()
        self.below.close()

    def abort(self) -> None:
        self._writes.send()
        self.below.abort()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._writes.send()
        self.below.set_protocol(protocol)

    def get_write_buffer_size(self) -> int:
        """Of what the socket has not taken; what was written in this turn is sent first."""
        self._writes.send()
        return self.below.get_write_buffer_size()

    # What needs no order

    def can_write_eof(self) -> bool:
        return self.below.can_write_eof()

    def is_closing(self) -> bool:
        return self.below.is_closing()

    def pause_reading(self) -> None:
        self.below.pause_reading()

    def resume_reading(self) -> None:
        self.below.resume_reading()

    def is_reading(self) -> bool:
        return self.below.is_reading()

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self.below.get_protocol()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.below.get_extra_info(name, default)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.below.set_write_buffer_limits(high, low)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self.below.get_write_buffer_limits()


def turn_writes(loop: asyncio.AbstractEventLoop) -> TurnWrites:
    """Those of this loop, which all its connections share."""
    if (writes := _of_loops.get(loop)) is None:
        writes = _of_loops[loop] = TurnWrites(weakref.proxy(loop))
    return writes


def turn_transport(below: asyncio.BaseTransport, loop: asyncio.AbstractEventLoop) -> TurnTransport:
    """One over `below`, or `below` itself where it is one."""
    if isinstance(below, TurnTransport):
        return below
    return TurnTransport(
        cast("asyncio.Transport", below), turn_writes(loop)
    )  # uvloop's is one by its methods alone
