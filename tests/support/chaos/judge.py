"""Judges the answers of a running plane by the model: which of them no order of events allows."""

from bisect import bisect_right
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from tests.support.chaos.model import PROMPT, RECOVERY, Fault, Response, Thing

LEARNING = 2.0
"""Seconds in which every gateway has a signing key that signs at once, because its predecessor was revoked."""
LASTING = 5.0
"""Seconds of answers that cannot be known, one after the other, which are too many once nothing is disturbed."""


class Starvation:
    """For how long each process wanted a CPU and had none: on a machine that does much else, not its fault."""

    def __init__(self, kept: int = 4000) -> None:
        self._samples: deque[tuple[float, Mapping[str, float]]] = deque(maxlen=kept)

    def add(self, at: float, totals: Mapping[str, float]) -> None:
        """`totals` are seconds since each began."""
        self._samples.append((at, totals))

    def between(self, names: Collection[str], since: float, until: float) -> float:
        """Seconds that these processes, one after the other, were kept waiting."""
        first, last = self._at(since), self._at(until, after=True)
        return sum(max(0.0, last.get(name, 0.0) - first.get(name, 0.0)) for name in names)

    def _at(self, moment: float, *, after: bool = False) -> Mapping[str, float]:
        index = bisect_right(self._samples, moment, key=lambda sample: sample[0]) - (0 if after else 1)
        return self._samples[min(max(index, 0), len(self._samples) - 1)][1] if self._samples else {}


@dataclass(frozen=True)
class Asked:
    """One question and its answer: is this still good, asked through one gateway?"""

    what: str
    depends_on: tuple[Thing, ...]
    decides: str
    """The process that follows the changes and suffices for a no."""
    relies: frozenset[str]
    """The processes that a yes needs."""
    response: Response
    sent: float
    received: float
    told: str
    """The status, for whoever reads of a violation."""
    by_jwt_alone: bool = False


@dataclass
class Judge:
    """Finds what no order of events allows. `bound` is the consumers' own, in seconds."""

    bound: float
    starvation: Starvation
    streaming: bool = False
    """Whether the consumers follow the change stream besides the feed."""
    faults: list[Fault] = field(default_factory=list)
    last_yes: dict[Thing, float] = field(default_factory=dict)
    """For each that was stopped, the seconds from the acknowledgement to the last question that got a yes."""
    last_blind_yes: dict[Thing, float] = field(default_factory=dict)
    """The same where the changes could not be followed meanwhile."""
    _said_no: set[str] = field(default_factory=set)
    _unknown_since: dict[str, float] = field(default_factory=dict)

    def violation(self, asked: Asked) -> str | None:
        """What is wrong with an answer, None when it may be so."""
        if asked.response is Response.YES:
            self._unknown_since.pop(asked.what, None)
            return self._wrong_yes(asked)
        if asked.response is Response.NO:
            self._unknown_since.pop(asked.what, None)
            if self._was_stopped(asked):
                self._said_no.add(asked.what)
            return self._wrong_no(asked)
        return self._lasting_unknown(asked)

    def calm(self) -> None:
        """All faults are over, and everything has been seen to work since."""
        self.faults = [fault for fault in self.faults if fault.ended is None]

    def _wrong_yes(self, asked: Asked) -> str | None:
        things = asked.depends_on
        if asked.what in self._said_no and not any(thing.ever_resumed for thing in things):
            return "yes after a no, and nothing was resumed"
        for thing in things:
            stop = thing.stop_in_force(asked.received)
            since = None if stop is None else stop.acked
            if stop is None or since is None:
                continue
            if stop.applied is not None and asked.sent > stop.applied and not self._began_anew(asked, since):
                late = asked.sent - stop.applied
                return f"yes {late:.3f} s after all had applied, by its receipt, that {thing} was {stop.status}"
            followed = self._could_follow(asked.decides, since, asked.sent)
            seen = self.last_yes if followed else self.last_blind_yes
            seen[thing] = max(seen.get(thing, 0.0), asked.sent - since)
            late = asked.sent - since - self._starved(asked, since)
            limit = PROMPT if followed else self.bound
            if late > limit:
                return f"yes {late:.2f} s after {thing} was {stop.status} (at most {limit} s)"
        return self._yes_without_knowing(asked)

    def _yes_without_knowing(self, asked: Asked) -> str | None:
        """A consumer that nothing reaches says yes for no longer than its bound."""
        if not asked.by_jwt_alone:
            return None
        for fault in self.faults:
            blind = fault.total and asked.decides in fault.feed and fault.touches(asked.received, asked.received)
            if blind and asked.sent > fault.began + self.bound:
                return f"yes {asked.sent - fault.began:.2f} s after {fault.name} (the bound is {self.bound} s)"
        return None

    def _was_stopped(self, asked: Asked) -> bool:
        """Whether that is why it was refused: not because its store, or its new key, was not known there."""
        things = asked.depends_on
        stopped = any(thing.ever_stopped for thing in things)
        return stopped and not any(thing.lost for thing in things) and not _has_new_key(asked)

    def _wrong_no(self, asked: Asked) -> str | None:
        since = self._good_since(asked)
        if since is None:
            return None
        if not any(thing.ever_stopped for thing in asked.depends_on) and not _has_new_key(asked):
            return "a no to what was never stopped"
        late = asked.sent - since - self._starved(asked, since)
        limit = PROMPT if self._undisturbed(asked, since) else self.bound + PROMPT
        return f"no {late:.2f} s after it was good again (at most {limit} s)" if late > limit else None

    def _lasting_unknown(self, asked: Asked) -> str | None:
        since = self._good_since(asked)
        if since is None:
            self._unknown_since.pop(asked.what, None)
            return None
        since = max(since, self._unknown_since.setdefault(asked.what, asked.sent))
        late = asked.sent - since - self._starved(asked, since)
        if late <= LASTING or not self._undisturbed(asked, asked.sent):
            return None
        return f"cannot be used for {late:.2f} s, with no fault in the last {RECOVERY} s"

    def _good_since(self, asked: Asked) -> float | None:
        """When the last of what it depends on became active, None if one of them may not be."""
        moments = [thing.active_since(asked.received) for thing in asked.depends_on]
        if any(thing.lost for thing in asked.depends_on):
            return None
        known = [moment for moment in moments if moment is not None]
        return max(known) if len(known) == len(moments) else None

    def _undisturbed(self, asked: Asked, since: float) -> bool:
        """Whether nothing has touched those whom it relies on from `RECOVERY` before `since` until the answer."""
        for fault in self.faults:
            if not asked.relies & fault.affects:
                continue
            grace = RECOVERY
            if fault.ended is not None:
                grace += self.starvation.between(asked.relies & fault.affects, fault.ended, asked.sent)
            if fault.touches(since - grace, asked.received):
                return False
        return True

    def _began_anew(self, asked: Asked, since: float) -> bool:
        return any(
            asked.decides in fault.begins_anew and fault.touches(since - RECOVERY, asked.received)
            for fault in self.faults
        )

    def _could_follow(self, name: str, since: float, until: float) -> bool:
        """Whether the feed, or the stream, was there for it all the time."""
        feed = not any(name in fault.feed and fault.touches(since - RECOVERY, until) for fault in self.faults)
        stream = not any(name in fault.stream and fault.touches(since - RECOVERY, until) for fault in self.faults)
        return feed or (self.streaming and stream)

    def _starved(self, asked: Asked, since: float) -> float:
        return self.starvation.between({*asked.relies, asked.decides, "driver"}, since, asked.received)


def _has_new_key(asked: Asked) -> bool:
    """Whether it is a token that is signed with a key of which not every gateway needs to have heard."""
    keys = [thing for thing in asked.depends_on if thing.kind == "signing_key"]
    return any(asked.sent - key.made < LEARNING for key in keys)
