"""The circuit of an upstream: closed, open, or half-open.

open:       no call goes through
half-open:  one call at a time does; a response closes the circuit, a failure opens it again

Times are in seconds of one clock that never goes back.
"""

from enum import StrEnum
from math import inf

from gateway.upstreams.failure_run import FailureRun
from gateway.upstreams.settings import CircuitBreaker


class CircuitState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Circuit:
    __slots__ = ("_breaker", "_failures", "_held_until", "_holder", "_open_until", "_tried_by", "closed")

    def __init__(self, breaker: CircuitBreaker) -> None:
        self._breaker = breaker
        self._failures = FailureRun(breaker.failures, breaker.window)
        self.closed = True
        self._open_until = -inf
        self._holder: object | None = None
        """Who tries, while it is half-open: first the call, then the connection that it got."""
        self._held_until = -inf
        self._tried_by = ""
        """Whose call, that may itself be the reason, has failed while it was half-open."""

    @property
    def suspect(self) -> bool:
        """Whether the next response is news."""
        return not self.closed or bool(self._failures)

    def state(self, now: float) -> CircuitState:
        if self.closed:
            return CircuitState.CLOSED
        return CircuitState.OPEN if now < self._open_until else CircuitState.HALF_OPEN

    def retry_after(self, now: float) -> float:
        """Seconds until a call may be tried."""
        return max(self._open_until, self._held_until if self._holder is not None else -inf) - now

    def allows(self, call: object, now: float) -> bool:
        """Whether `call` may go through. While half-open it then has the one place, for `open_for` at most."""
        if self.closed:
            return True
        if now < self._open_until or (self._holder is not None and now < self._held_until):
            return False
        self._holder, self._held_until = call, now + self._breaker.open_for
        return True

    def pass_on(self, holder: object, to: object) -> None:
        """What `holder` tries goes on with `to`."""
        if self._holder is holder:
            self._holder = to

    def let_go(self, holder: object) -> None:
        """`holder` is gone. If nothing has become of what it tried, another call may try."""
        if self._holder is holder:
            self._holder = None

    def failed(self, now: float, *, all_out: bool, by: object | None = None, caller: str = "") -> bool:
        """A call has failed; `all_out`: no address is left. Whether that opens the circuit, that was closed.

        `by`: the connection on which it was sent, if it was: what had been sent before the circuit opened does not
        keep it open. `caller` is as of a `FailureRun`: nobody keeps it open by the same call again and again.
        """
        if not self.closed:
            if now >= self._open_until and (by is None or by is self._holder):
                self._tried(now, caller)
            return False
        self._failures.failed(now, caller)
        if not (all_out and self._failures.complete):
            return False
        self._open(now)
        return True

    def responded(self) -> bool:
        """A call was responded to. Whether that closes the circuit, that was not."""
        self._failures.end()
        if self.closed:
            return False
        self.closed = True
        self._holder = None
        self._tried_by = ""
        return True

    def _tried(self, now: float, caller: str) -> None:
        if caller and caller == self._tried_by:
            self._holder = None
        else:
            self._tried_by = caller
            self._open(now)

    def _open(self, now: float) -> None:
        self.closed = False
        self._open_until = now + self._breaker.open_for
        self._holder = None
        self._failures.end()
