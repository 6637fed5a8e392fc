"""When a call is begun where more arrive than can be served: by clients in turns, soon, or not at all.

One turn of the event loop works through all that has arrived, and so takes the longer the more that is; meanwhile
nothing else moves, timers and operators included. Where turns have been long for a while, each of them begins some
calls only. The others wait, and clients have their turns, so that the flood of one does not delay another's call.
What has waited for too long is refused: its client should come back later.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import structlog

from gateway.proxy.overload.turn_length import TurnLength
from gateway.refused_calls.problems import Refusal
from shared.addresses.block import address_block
from shared.waiting.turns import Turns

log = structlog.get_logger()

LONG_TURN_S = 0.025
OVERLOADED_AFTER_S = 0.5
"""Seconds for which all turns that are measured must be long: a burst is worked off as it is."""
OVER_AFTER_S = 1.0
"""Seconds in which no call had to wait, after which it is over."""
BEGINNING_S = 0.01
"""Seconds of a turn in which calls are begun; and those in which calls are refused."""
BEGUN_PER_TURN = 64
"""Calls that a turn begins however long that takes: so few make no overload, whatever the machine."""
MAX_WAIT_S = 0.25
"""Seconds for which a call may wait before it is refused."""


OVERLOADED = Refusal(
    503, "overloaded", "too many requests at the moment", fields=(("Retry-After", "1"),), cause="overload"
)
"""What is sent then."""


class WaitingCall(Protocol):
    def admitted(self) -> None:
        """It may begin now."""

    def shed(self) -> None:
        """It has waited for too long."""


class _Place:
    """Of one call in both orders, that of clients' turns and that of arrival: whichever comes first has it."""

    __slots__ = ("call", "since")

    def __init__(self, call: WaitingCall, since: float) -> None:
        self.call: WaitingCall | None = call
        self.since = since

    def leave(self) -> WaitingCall | None:
        call, self.call = self.call, None
        return call


class Admission:
    """Costs a call the look at `active` as long as there is no overload. Runs from `start` to `stop`."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.active = False
        """Whether calls may have to wait."""
        self.turn_seconds = 0.0
        """The length of the last turn that was measured."""
        self._monotonic = monotonic
        self._length = TurnLength(self.measured, monotonic)
        self._long_since: float | None = None
        """Since when the measured turns have been long, one and all."""
        self._began_at = self._waited_at = 0.0
        """When the overload began, and when a call last had to wait."""
        self._by_client = Turns[_Place]()
        self._by_arrival: deque[_Place] = deque()
        self._turn_began: float | None = None
        """None as long as this turn has seen no call."""
        self._begun = 0
        self._shed = 0
        """Calls that were refused since the overload began."""

    def start(self) -> None:
        self._length.start()

    def stop(self) -> None:
        self._length.stop()

    @property
    def waiting(self) -> int:
        return sum(place.call is not None for place in self._by_arrival)

    def measured(self, seconds: float) -> None:
        """A turn has taken so long."""
        self.turn_seconds = seconds
        now = self._monotonic()
        if seconds <= LONG_TURN_S:
            self._long_since = None
        elif self._long_since is None:
            self._long_since = now - seconds
        if self.active:
            if now - self._waited_at >= OVER_AFTER_S:
                self.active = False
                log.warning("overload.ended", refused=self._shed, duration_s=round(now - self._began_at, 1))
        elif self._long_since is not None and now - self._long_since >= OVERLOADED_AFTER_S:
            self.active, self._shed = True, 0
            self._began_at = self._waited_at = now
            log.warning("overload.began", turn_ms=round(seconds * 1000))

    def puts_off(self, call: WaitingCall, client: str) -> bool:
        """Whether this call, of the client with this address, has to wait; it is then admitted or shed later."""
        now = self._monotonic()
        if self._turn_began is None:
            self._turn_began = now
            asyncio.get_running_loop().call_soon(self._next_turn)
        if not self._by_client and self._may_begin(now):
            self._begun += 1
            return False
        place = _Place(call, now)
        self._by_client.add(address_block(client), place)
        self._by_arrival.append(place)
        self._waited_at = now
        return True

    def _may_begin(self, now: float) -> bool:
        began = now if self._turn_began is None else self._turn_began
        return self._begun < BEGUN_PER_TURN or now - began < BEGINNING_S

    def _next_turn(self) -> None:
        self._turn_began, self._begun = self._monotonic(), 0
        while self._by_client and self._may_begin(self._monotonic()):
            call = self._by_client.take().leave()
            if call is not None:
                self._begun += 1
                call.admitted()
        self._shed_late()
        if self._by_client:
            asyncio.get_running_loop().call_soon(self._next_turn)
        else:
            self._turn_began = None

    def _shed_late(self) -> None:
        began = self._monotonic()
        waiting = self._by_arrival
        while waiting and (waiting[0].call is None or began - waiting[0].since > MAX_WAIT_S):
            call = waiting.popleft().leave()
            if call is not None:
                self._shed += 1
                call.shed()
                if self._monotonic() - began >= BEGINNING_S:
                    return
