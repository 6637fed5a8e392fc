"""What may be lost between a process and Valkey: the reply to one renewal, or all counts."""

from asyncio import Future
from collections.abc import Sequence
from typing import NamedTuple
from weakref import WeakSet

from shared.limits.meters import Meter
from shared.limits.renewals import Renewal

MAX_RECOUNTS_AT_ONCE = 100
"""In one round: calls that wait have their turn between two."""


class Asked(NamedTuple):
    meter: Meter
    renewal: Renewal
    waiting: tuple[Future[bool], ...]


class Unsettled(NamedTuple):
    """It may have been counted or not, and is sent again under its number, unchanged, until that is known."""

    asked: Sequence[Asked]
    passed: Sequence[int]
    """How many of the calls that waited have passed meanwhile, of each."""
    keys: Sequence[str]
    arguments: Sequence[object]


class Recounts:
    """Notices that Valkey may have lost its counts, and which of them this process knows something of."""

    def __init__(self) -> None:
        self._kept_since: int | None = None
        """None: Valkey was never asked."""
        self._used: WeakSet[Meter] = WeakSet()
        """Of which something is known to be used."""
        self._due: list[Meter] = []

    def note(self, meter: Meter, now: float) -> None:
        """One that has just been renewed; `now` in seconds since the epoch."""
        if meter.known_used(now):
            self._used.add(meter)

    def look(self, kept_since: int, now: float, *, was_away: bool) -> None:
        """At since when Valkey keeps its counts. One that was away may have come back as an older copy."""
        if was_away or self._kept_since not in (None, kept_since):
            self._due = [meter for meter in self._used if meter.known_used(now)]
        self._kept_since = kept_since

    def some(self) -> Sequence[Meter]:
        """The next to report, which they do with their next renewal."""
        some, self._due = self._due[:MAX_RECOUNTS_AT_ONCE], self._due[MAX_RECOUNTS_AT_ONCE:]
        for meter in some:
            meter.recount = True
        return some
