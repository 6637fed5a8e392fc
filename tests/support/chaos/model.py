"""The plain model that a running plane is judged by: what each thing is, and what is disturbed.

All times are seconds of the monotonic clock of the one process that calls, changes and disturbs.
"""

from dataclasses import dataclass
from enum import StrEnum

from tests.support.chaos.limits.history import LimitHistory

PROMPT = 1.0
"""Seconds after an acknowledgement in which every consumer that can follow the changes has applied it."""
RECOVERY = 5.0
"""Seconds after the end of a fault in which everything is as if there had been none."""


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    LIMITED = "limited"
    """Valid, and beyond a limit."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Refused because it cannot be known, or no response at all."""


@dataclass(eq=False)
class Event:
    """A change of status that was requested; `acked` is None as long as nobody knows whether it is so."""

    status: str
    began: float
    acked: float | None = None
    applied: float | None = None
    """When its receipt said that every consumer has applied it."""


class Thing:
    """Something that can be stopped: a credential, what it depends on, or a token issued for it."""

    def __init__(self, kind: str, id_: str, at: float) -> None:
        self.kind = kind
        self.id = id_
        self.created_at = at
        self.events = [Event("active", at, at)]
        self.limits = LimitHistory(at)
        self.lost = False
        """Its only store has forgotten it: it need not work any more."""

    def __repr__(self) -> str:
        return f"{self.kind} {self.id[:13]}"

    def begin(self, status: str, at: float) -> Event:
        event = Event(status, at)
        self.events.append(event)
        return event

    def refused(self, event: Event) -> None:
        """It was not done, for certain."""
        self.events.remove(event)

    def resolve(self, status: str, at: float) -> None:
        """What it turned out to be, after changes of which nobody knew whether they were applied."""
        began = at
        while self.events[-1].acked is None:
            began = self.events.pop().began
        if self.events[-1].status != status:
            self.events.append(Event(status, began, at))

    @property
    def uncertain(self) -> bool:
        return self.events[-1].acked is None

    @property
    def in_doubt(self) -> bool:
        """Whether nobody knows what it is, or which limits it has."""
        return self.uncertain or self.limits.uncertain

    @property
    def status(self) -> str:
        return self.events[-1].status

    @property
    def ever_stopped(self) -> bool:
        return any(event.status != "active" for event in self.events)

    @property
    def ever_resumed(self) -> bool:
        return any(event.status == "active" for event in self.events[1:])

    def stop_in_force(self, until: float) -> Event | None:
        """The stop that was acknowledged and has held up to `until`; None if it may have been active meanwhile."""
        return self._in_force(until, active=False)

    def stopped_since(self, until: float) -> float | None:
        """When that was acknowledged."""
        stop = self._in_force(until, active=False)
        return None if stop is None else stop.acked

    def active_since(self, until: float) -> float | None:
        """The same for being active."""
        event = self._in_force(until, active=True)
        return None if event is None else event.acked

    def _in_force(self, until: float, *, active: bool) -> Event | None:
        found: Event | None = None
        for event in self.events:
            if event.began > until:
                break
            if (event.status == "active") is not active:
                found = None
            elif found is None and event.acked is not None and event.acked <= until:
                found = event
        return found


@dataclass(eq=False)
class Fault:
    """A disturbance, from `began` to `ended` (None: still), of the processes in each set."""

    name: str
    began: float
    ended: float | None = None
    affects: frozenset[str] = frozenset()
    """May be late, or unable to respond."""
    feed: frozenset[str] = frozenset()
    """Cannot ask the registry for changes."""
    stream: frozenset[str] = frozenset()
    """Cannot read the change stream."""
    total: bool = False
    """Nothing at all comes through: those in `feed` can know how old is what they know."""
    alone: frozenset[str] = frozenset()
    """Cannot count calls with the others, or may not know what they have counted."""
    forgets: bool = False
    """What was counted may be lost."""
    begins_anew: frozenset[str] = frozenset()
    """Processes that are started again: they are counted in receipts once they have reported what they know."""

    def touches(self, since: float, until: float) -> bool:
        return self.began <= until and (self.ended is None or self.ended >= since)
