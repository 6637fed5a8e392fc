"""Whether an address gets calls: by what became of the calls before, and by what its health checks found.

Both must agree. Times are in seconds of one clock that never goes back.
"""

from math import inf

from gateway.upstreams.failure_run import FailureRun
from gateway.upstreams.settings import CircuitBreaker, HealthCheck

MAX_EJECTION_S = 30.0
"""How long an address is left alone at most before one call tries it again, unless `open_for` is longer."""
STEADY_AFTER_S = 30.0
"""How long an address must have been in use before its next ejection is short again."""


class AddressHealth:
    __slots__ = (
        "_breaker",
        "_checks_failed",
        "_checks_passed",
        "_ejections",
        "_failures",
        "_out_until",
        "_passed_since_failed",
        "_probed_at",
        "_returned_at",
        "ejected",
        "failed_at",
        "passes_checks",
        "recovered",
    )

    def __init__(self, breaker: CircuitBreaker) -> None:
        self._breaker = breaker
        self._failures = FailureRun(breaker.failures, breaker.window)
        self.ejected = False
        """Whether its calls have failed, and none has been responded to since."""
        self._ejections = 0
        """One after the other, without a steady time between them."""
        self._out_until = -inf
        self._returned_at = -inf
        self.failed_at = -inf
        """When the last call failed."""
        self._probed_at: float | None = None
        """Since when one call tries it."""
        self.passes_checks = True
        self._checks_passed = self._checks_failed = 0
        """In a row."""
        self._passed_since_failed = 0
        self.recovered = False
        """Whether so many checks have passed since the last call failed that it may well be up again."""

    @property
    def available(self) -> bool:
        return self.passes_checks and not self.ejected

    @property
    def suspect(self) -> bool:
        """Whether the next response is news."""
        return self.ejected or bool(self._failures)

    @property
    def probe_due_at(self) -> float:
        """When one call should try it again; `inf` when none should."""
        if not self.ejected or not self.passes_checks:
            return inf
        return self._out_until if self._probed_at is None else self._probed_at + self._breaker.open_for

    def begin_probe(self, now: float) -> None:
        """The next call tries it. Another one may do so when nothing has become of it within `open_for`."""
        self._probed_at = now

    def end_probe(self) -> None:
        """Nothing has become of the call that tried it: its client left."""
        self._probed_at = None

    def failed(self, now: float, caller: str = "") -> float:
        """A call has failed. How long the address is left alone from now on; 0 when nothing has changed.

        `caller` is as of a `FailureRun`.
        """
        self.failed_at = now
        self._passed_since_failed, self.recovered = 0, False
        if self.ejected:
            if self._probed_at is None:  # it was begun before
                return 0.0
        else:
            self._failures.failed(now, caller)
            if not self._failures.complete:
                return 0.0
            if now - self._returned_at >= STEADY_AFTER_S:
                self._ejections = 0
        open_for = self._breaker.open_for
        seconds = min(open_for * 2.0 ** min(self._ejections, 16), max(open_for, MAX_EJECTION_S))
        self._ejections += 1
        self._failures.end()
        self._probed_at = None
        self._out_until = now + seconds
        self.ejected = True
        return seconds

    def responded(self, now: float) -> bool:
        """A call was responded to. Whether that lets the address back."""
        self._failures.end()
        if not self.ejected:
            return False
        self.ejected = False
        self._probed_at = None
        self._returned_at = now
        return True

    def try_soon(self, now: float) -> None:
        """The upstream is back: let this address show at once whether it is, too."""
        self._out_until = min(self._out_until, now)

    def checked(self, check: HealthCheck, *, passed: bool) -> bool:
        """Whether the result of a check changes whether the address passes."""
        if passed:
            self._checks_passed, self._checks_failed = self._checks_passed + 1, 0
            self._passed_since_failed += 1
        else:
            self._checks_passed, self._checks_failed = 0, self._checks_failed + 1
            self._passed_since_failed = 0
        self.recovered = self._passed_since_failed >= check.healthy_after
        if self.passes_checks:
            changed = self._checks_failed >= check.unhealthy_after
        else:
            changed = self._checks_passed >= check.healthy_after
        if changed:
            self.passes_checks = not self.passes_checks
        return changed

    def forget_checks(self) -> None:
        """It is checked in another way from now on, or not at all."""
        self.passes_checks = True
        self._checks_passed = self._checks_failed = self._passed_since_failed = 0
        self.recovered = False
