"""How far the clocks of other processes are from this one's, and whether this one's is known to be wrong.

A process states its time in a field of its responses; whoever called compares it with its own at the middle of the
exchange. What is remembered is the other's time against our monotonic clock, so that a step of our own wall clock
is known at once, and without another call. One peer is the reference: where our clock is off from that by more
than `MAX_CLOCK_OFFSET_S`, what depends on the time is not judged.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from prometheus_client import CollectorRegistry, Gauge

from shared.clock import Clock
from shared.errors import Unavailable

log = structlog.get_logger()

TIME_FIELD = "Passgate-Time"
"""In a request: the caller wants to know the time. In its response: that time, in seconds since the epoch."""
MAX_CLOCK_OFFSET_S = 30.0
"""The largest offset from the reference that counts as right."""
MAX_ROUND_TRIP_S = 2.0
"""An exchange that took longer says too little of the time."""
STEP_TOLERANCE_S = 0.1
"""By how much both clocks may disagree on the length of an exchange: beyond, the wall clock was set meanwhile."""


class _Observed(NamedTuple):
    ahead_of_monotonic: float
    """The peer's time less our monotonic clock."""
    error: float
    """Half the round trip, in seconds."""


class ClockOffsets:
    """What one process knows of the clocks of its peers. `reference` is the peer whose clock counts as right."""

    def __init__(self, clock: Clock, reference: str, metrics: CollectorRegistry | None = None) -> None:
        self._clock = clock
        self._reference = reference
        self._observed: dict[str, _Observed] = {}
        self._reported = True
        self._gauge = None if metrics is None else _gauge(metrics)

    def peer(self, name: str) -> "PeerClock":
        return PeerClock(name, self, self._clock)

    def offset(self, peer: str) -> float | None:
        """Seconds by which our clock is ahead of the peer's now; None when nothing is known of that."""
        observed = self._observed.get(peer)
        if observed is None:
            return None
        return self._clock.now() - self._clock.monotonic() - observed.ahead_of_monotonic

    def time(self) -> float:
        """The time by the reference, and by our own clock as long as that is not known."""
        observed = self._observed.get(self._reference)
        return self._clock.now() if observed is None else self._clock.monotonic() + observed.ahead_of_monotonic

    def valid_at(self, now: float) -> bool:
        """False when our clock, which shows `now`, is known to be off by more than `MAX_CLOCK_OFFSET_S`."""
        observed = self._observed.get(self._reference)
        if observed is None:
            return True
        offset = now - self._clock.monotonic() - observed.ahead_of_monotonic
        return abs(offset) - observed.error <= MAX_CLOCK_OFFSET_S

    @property
    def valid(self) -> bool:
        """The same of our clock as it is now."""
        return self.valid_at(self._clock.now())

    def require_valid(self) -> None:
        """Raises `Unavailable` when our clock is known to be wrong."""
        if not self.valid:
            raise self.invalid()

    def invalid(self) -> Unavailable:
        """The error that says how our clock is wrong."""
        return Unavailable(self._description())

    async def check(self) -> None:
        """For health: raises `Unavailable` with the offset when our clock is known to be wrong."""
        self.require_valid()

    def observe(self, peer: str, observed: _Observed) -> None:
        if self._gauge is not None and peer not in self._observed:
            self._gauge.labels(peer).set_function(lambda: self.offset(peer) or 0.0)
        self._observed[peer] = observed
        if peer == self._reference:
            self._log_change()

    def _log_change(self) -> None:
        valid = self.valid
        if valid == self._reported:
            return
        self._reported = valid
        offset = self.offset(self._reference)
        fields = {
            "reference": self._reference,
            "offset_s": round(offset or 0.0, 3),
            "limit_s": MAX_CLOCK_OFFSET_S,
        }
        if valid:
            log.info("clock.offset_recovered", **fields)
        else:
            log.error("clock.offset_exceeded", **fields)

    def _description(self) -> str:
        offset = self.offset(self._reference) or 0.0
        side = "ahead of" if offset > 0 else "behind"
        return f"the clock is {abs(offset):.1f} s {side} that of {self._reference}"


class PeerClock:
    """The clock of one peer, observed in exchanges with it."""

    def __init__(self, name: str, offsets: ClockOffsets, clock: Clock) -> None:
        self._name = name
        self._offsets = offsets
        self._clock = clock

    def begin(self) -> "Exchange":
        return Exchange(self, self._clock.now(), self._clock.monotonic())

    def end(self, wall: float, monotonic: float, stated: str | None) -> None:
        """An exchange that began at these two times, and in which the peer stated its time."""
        time = _number(stated)
        round_trip = self._clock.monotonic() - monotonic
        stepped = abs(self._clock.now() - wall - round_trip) > STEP_TOLERANCE_S
        if time is None or stepped or not 0 <= round_trip <= MAX_ROUND_TRIP_S:
            return
        middle = monotonic + round_trip / 2
        self._offsets.observe(self._name, _Observed(time - middle, round_trip / 2))


@dataclass(slots=True)
class Exchange:
    """A request that is under way, with both our clocks at its start."""

    _peer: PeerClock
    _wall: float
    _monotonic: float

    def end(self, stated: str | None) -> None:
        """The response is there; `stated` is its `TIME_FIELD`."""
        self._peer.end(self._wall, self._monotonic, stated)


class JudgingClock:
    """The clock by which credentials are judged and issued: `now` raises `Unavailable` when it is wrong."""

    def __init__(self, clock: Clock, offsets: ClockOffsets) -> None:
        self._clock = clock
        self._offsets = offsets

    def now(self) -> float:
        now = self._clock.now()
        if not self._offsets.valid_at(now):
            raise self._offsets.invalid()
        return now

    def monotonic(self) -> float:
        return self._clock.monotonic()


def response_fields(requested: Mapping[str, str], time: float) -> dict[str, str]:
    """The field that states `time`, for a caller that requests it."""
    return {TIME_FIELD: f"{time:.6f}"} if TIME_FIELD in requested else {}


def _gauge(metrics: CollectorRegistry) -> Gauge:
    return Gauge(
        "clock_offset_seconds",
        "By how much the clock of this process is ahead of that of a peer; negative: behind.",
        ["peer"],
        registry=metrics,
    )


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
