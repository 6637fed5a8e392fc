"""Judges the responses of a running plane by the model: which of them no order of events allows."""

from bisect import bisect_right
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from tests.support.chaos.limits.told import NOTHING_TOLD, Told
from tests.support.chaos.model import PROMPT, RECOVERY, Fault, Outcome, Thing
from tests.support.chaos.stores import STORES

LEARNING = 2.0
"""Seconds in which every gateway has a signing key that signs at once, because its predecessor was revoked."""
LASTING = 5.0
"""Seconds of 503, one response after the other, which are too many once nothing is disturbed."""

JUDGED_AFTER_LIMITS = frozenset({"booking", "application", "assertion"})
"""By the issuer: an assertion that a limit refuses is not used up."""


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
class Observation:
    """One call and its outcome: is this credential still valid, seen through one gateway?"""

    what: str
    depends_on: tuple[Thing, ...]
    decides: str
    """The process that follows the changes and suffices for a refusal."""
    relies: frozenset[str]
    """The processes that an acceptance needs."""
    outcome: Outcome
    sent: float
    received: float
    text: str
    """The status, for whoever reads of a violation."""
    by_jwt_alone: bool = False
    place: str = ""
    """The process that holds it to limits; empty where there are none."""
    limited_by: tuple[Thing, ...] = ()
    """Those whose limits hold for it."""
    told: Told = NOTHING_TOLD
    """What the response says of limits."""

    @property
    def proven(self) -> tuple[Thing, ...]:
        """What has been found valid before its limits are looked at: at a token endpoint who requests, alone."""
        if self.place != "token_issuer":
            return self.depends_on
        return tuple(thing for thing in self.depends_on if thing.kind not in JUDGED_AFTER_LIMITS)


@dataclass
class Judge:
    """Finds what no order of events allows. `bound` is the consumers' own, in seconds."""

    bound: float
    starvation: Starvation
    streaming: bool = False
    """Whether the consumers follow the change stream besides the feed."""
    faults: list[Fault] = field(default_factory=list)
    last_accepted: dict[Thing, float] = field(default_factory=dict)
    """For each that was stopped, the seconds from the acknowledgement to the last call that was accepted."""
    last_accepted_blind: dict[Thing, float] = field(default_factory=dict)
    """The same where the changes could not be followed meanwhile."""
    _refused: set[str] = field(default_factory=set)
    _unknown_since: dict[str, float] = field(default_factory=dict)

    def violation(self, observed: Observation) -> str | None:
        """What is wrong with an outcome, None when it may be so."""
        if observed.outcome is Outcome.ACCEPTED:
            self._unknown_since.pop(observed.what, None)
            return self._wrong_acceptance(observed, observed.depends_on)
        if observed.outcome is Outcome.LIMITED:
            self._unknown_since.pop(observed.what, None)
            return self._wrong_acceptance(observed, observed.proven)
        if observed.outcome is Outcome.REFUSED:
            self._unknown_since.pop(observed.what, None)
            if self._was_stopped(observed):
                self._refused.add(observed.what)
            return self._wrong_refusal(observed)
        return self._lasting_unknown(observed)

    def calm(self) -> None:
        """All faults are over, and everything has been seen to work since."""
        self.faults = [fault for fault in self.faults if fault.ended is None]

    def _wrong_acceptance(self, observed: Observation, things: Collection[Thing]) -> str | None:
        """`things`: what it took for valid."""
        of_all = len(things) == len(observed.depends_on)
        if of_all and observed.what in self._refused and not any(thing.ever_resumed for thing in things):
            return "accepted after a refusal, and nothing was resumed"
        for thing in things:
            stop = thing.stop_in_force(observed.received)
            since = None if stop is None else stop.acked
            if stop is None or since is None:
                continue
            if stop.applied is not None and observed.sent > stop.applied and not self._began_anew(observed, since):
                late = observed.sent - stop.applied
                return (
                    f"accepted {late:.3f} s after, by its receipt, all had applied that {thing} was {stop.status}"
                )
            followed = self.could_follow(observed.decides, since, observed.sent)
            seen = self.last_accepted if followed else self.last_accepted_blind
            seen[thing] = max(seen.get(thing, 0.0), observed.sent - since)
            late = observed.sent - since - self._starved(observed, since)
            limit = PROMPT if followed else self.bound
            if late > limit:
                return f"accepted {late:.2f} s after {thing} was {stop.status} (at most {limit} s)"
        return self._accepted_without_knowing(observed)

    def _accepted_without_knowing(self, observed: Observation) -> str | None:
        """A consumer that nothing reaches accepts for no longer than its bound."""
        if not observed.by_jwt_alone:
            return None
        for fault in self.faults:
            blind = (
                fault.total
                and observed.decides in fault.feed
                and fault.touches(observed.received, observed.received)
            )
            if blind and observed.sent > fault.began + self.bound:
                return (
                    f"accepted {observed.sent - fault.began:.2f} s after {fault.name} (the bound is {self.bound} s)"
                )
        return None

    def _was_stopped(self, observed: Observation) -> bool:
        """Whether that is why it was refused: not because its store, or its new key, was not known there."""
        things = observed.depends_on
        stopped = any(thing.ever_stopped for thing in things)
        return stopped and not any(thing.lost for thing in things) and not _has_new_key(observed)

    def _wrong_refusal(self, observed: Observation) -> str | None:
        since = self._valid_since(observed)
        if since is None:
            return None
        if not any(thing.ever_stopped for thing in observed.depends_on) and not _has_new_key(observed):
            return "refused what was never stopped"
        late = observed.sent - since - self._starved(observed, since)
        limit = PROMPT if self._undisturbed(observed, since) else self.bound + PROMPT
        return f"refused {late:.2f} s after it was active again (at most {limit} s)" if late > limit else None

    def _lasting_unknown(self, observed: Observation) -> str | None:
        since = self._valid_since(observed)
        if since is None:
            self._unknown_since.pop(observed.what, None)
            return None
        since = max(since, self._unknown_since.setdefault(observed.what, observed.sent))
        late = observed.sent - since - self._starved(observed, since)
        if late <= LASTING or not self._undisturbed(observed, observed.sent):
            return None
        return f"cannot be used for {late:.2f} s, with no fault in the last {RECOVERY} s"

    def _valid_since(self, observed: Observation) -> float | None:
        """When the last of what it depends on became active, None if one of them may not be."""
        moments = [thing.active_since(observed.received) for thing in observed.depends_on]
        if any(thing.lost for thing in observed.depends_on):
            return None
        known = [moment for moment in moments if moment is not None]
        return max(known) if len(known) == len(moments) else None

    def _undisturbed(self, observed: Observation, since: float) -> bool:
        """Whether nothing has touched those whom it relies on from `RECOVERY` before `since` until the response."""
        for fault in self.faults:
            if not observed.relies & fault.affects:
                continue
            grace = RECOVERY
            if fault.ended is not None:
                names = {*(observed.relies & fault.affects), STORES}
                grace += self.starvation.between(names, fault.ended, observed.sent)
            if fault.touches(since - grace, observed.received):
                return False
        return True

    def _began_anew(self, observed: Observation, since: float) -> bool:
        return any(
            observed.decides in fault.begins_anew and fault.touches(since - RECOVERY, observed.received)
            for fault in self.faults
        )

    def could_follow(self, name: str, since: float, until: float) -> bool:
        """Whether the feed, or the stream, was there for it all the time."""
        feed = not any(name in fault.feed and fault.touches(since - RECOVERY, until) for fault in self.faults)
        stream = not any(name in fault.stream and fault.touches(since - RECOVERY, until) for fault in self.faults)
        return feed or (self.streaming and stream)

    def _starved(self, observed: Observation, since: float) -> float:
        return self.starvation.between(
            {*observed.relies, observed.decides, "driver", STORES}, since, observed.received
        )


def _has_new_key(observed: Observation) -> bool:
    """Whether it is a token that is signed with a key of which not every gateway needs to have heard."""
    keys = [thing for thing in observed.depends_on if thing.kind == "signing_key"]
    return any(observed.sent - key.created_at < LEARNING for key in keys)
