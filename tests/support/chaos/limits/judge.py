"""Judges responses by the limits that the model knows: too many calls, wrong refusals, wrong fields.

It looks at nothing of the product's but its responses. What it allows beside the limit itself, and why:

- A change of limits may be known to some only, for `PROMPT` after it was acknowledged, or while they are cut off.
- A process may hold credit that was taken from what was free: at most half of a rate, a hundredth of a quota.
- A call that one limit refuses has another one's turn for a moment, and a process does not ask again for 5 s.
- Where processes count for themselves, they may let through what the limit allows once more.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial

from tests.support.chaos.judge import Judge, Observation
from tests.support.chaos.limits.counts import Passed, Used
from tests.support.chaos.limits.history import LEVELS, Bound, LimitEvent, bounds
from tests.support.chaos.model import PROMPT, RECOVERY, Outcome, Thing
from tests.support.chaos.plane import FOLLOWED_REGISTRY, GATEWAYS, deployable_of
from tests.support.chaos.stores import STORES

GIVEN_BACK_S = 6.0
"""For which a turn that came back may still be missed."""
RENEWED_EVERY_S = 0.05
"""Twice what it is: credit is taken anew each time, so that a rate that has filled since has room for it."""
UNSEEN = {"token_issuer": 1}
"""Requests that nobody observes: who creates a key pair uses it once."""

Possible = Mapping[Thing, Sequence[LimitEvent]]


class LimitJudge:
    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._in_flight: Counter[tuple[Thing, str]] = Counter()
        self._used: defaultdict[tuple[Thing, str, str], Used] = defaultdict(Used)
        self._passed: defaultdict[tuple[LimitEvent, str, str, str], Passed] = defaultdict(Passed)

    def sent(self, things: Sequence[Thing], place: str) -> None:
        """A call is on its way that these things' limits hold for, at the process `place`."""
        for thing in things:
            self._in_flight[thing, deployable_of(place)] += 1

    def violation(self, observed: Observation) -> str | None:
        """What is wrong with the response to a call that was `sent`, None when it may be so."""
        for thing in observed.limited_by:
            self._in_flight[thing, deployable_of(observed.place)] -= 1
        known = partial(self._known, observed)
        possible = {thing: thing.limits.possible(observed.received, known) for thing in observed.limited_by}
        if self._may_count(observed):
            self._count(observed, possible)
        if observed.outcome is Outcome.LIMITED:
            return self._wrong_fields(observed, possible) or self._wrong_refusal(observed, possible)
        if observed.outcome is Outcome.ACCEPTED:
            return self._wrong_fields(observed, possible) or self._too_many(observed, possible)
        return None

    def _known(self, observed: Observation, event: LimitEvent) -> bool:
        """Whether the process that decides on limits knew them, for certain."""
        if event.acked is None or observed.sent - event.acked - self._starved(observed, event.acked) <= PROMPT:
            return False
        recovered = observed.sent - self._starved(observed, observed.sent - RECOVERY)
        could_follow = partial(self._judge.could_follow, observed.place)
        return could_follow(event.acked, observed.sent) or could_follow(recovered, observed.sent)

    def _may_count(self, observed: Observation) -> bool:
        """At a token endpoint also what is refused then, of who has proved who it is; nowhere what is invalid."""
        refused = observed.outcome is Outcome.REFUSED and observed.place in GATEWAYS
        return observed.outcome is not Outcome.LIMITED and not refused

    def _count(self, observed: Observation, possible: Possible) -> None:
        for thing, bound in _least(observed, possible):
            used = self._used_of(observed, thing, bound)
            used.comes_back(bound.per_second, observed.received)
            used.count(observed.received)

    def _wrong_fields(self, observed: Observation, possible: Possible) -> str | None:
        told = observed.told
        if observed.outcome is Outcome.LIMITED and told.lacking is not None:
            return f"refused by a limit without {told.lacking}"
        for thing, events in possible.items():
            if any(event.status == "revoked" for event in thing.events):  # its limits are gone, as it is
                continue
            level = LEVELS.get(thing.kind, "credential")
            found = {policy for policy in told.policies if policy.startswith(f'"{level}-')}
            right = [{bound.policy(level) for bound in _bounds(observed, event)} for event in events]
            if found not in right:
                return f"says of {thing} {_listed(found)}, not {' nor '.join(map(_listed, right))}"
        return None

    def _wrong_refusal(self, observed: Observation, possible: Possible) -> str | None:
        """By a limit that is not used up, whatever has passed."""
        held, kind = list(_least(observed, possible)), observed.told.exceeded
        reasons = [self._unused(observed, thing, bound) for thing, bound in held if bound.kind == kind]
        if len(held) > 1:
            for thing, bound in held:
                self._used_of(observed, thing, bound).give_back(observed.received)
        if None in reasons or (reasons and self._disturbances(observed, observed.sent)):
            return None
        return f"refused by a {kind}: {' and '.join(filter(None, reasons)) or 'there is none'}"

    def _unused(self, observed: Observation, thing: Thing, bound: Bound) -> str | None:
        """Why this limit cannot have refused a call; None: it may have."""
        used, place = self._used_of(observed, thing, bound), deployable_of(observed.place)
        underway = self._in_flight[thing, place] + UNSEEN.get(place, 0)
        most = used.at(observed.sent) + underway + used.given_back_since(observed.sent - GIVEN_BACK_S)
        enough = bound.size - 1 - (bound.size // 2 if bound.kind == "rate" else bound.size // 100)
        return None if most > enough else f"at most {most:.1f} of {bound.size} calls of {thing} are used"

    def _too_many(self, observed: Observation, possible: Possible) -> str | None:
        """Calls that have passed, of limits that were in force for each of them, for certain."""
        day, place = time.strftime("%Y-%m-%d", time.gmtime()), deployable_of(observed.place)
        for thing, events in possible.items():
            for bound in _bounds(observed, events[0]) if len(events) == 1 else ():
                passed = self._passed[events[0], place, bound.kind, day]
                passed.add(observed.sent)
                found = passed.too_many(bound.size, partial(self._most, observed, bound))
                if found is not None:
                    calls, since = found
                    return (
                        f"{calls} calls of {thing} passed in {observed.received - since:.2f} s, "
                        f"at most {self._most(observed, bound, since):.1f} may by its {bound.policy(thing.kind)}"
                    )
        return None

    def _most(self, observed: Observation, bound: Bound, since: float) -> float:
        """Calls that may have passed since then."""
        faults = self._disturbances(observed, since)
        not_renewed = RENEWED_EVERY_S + self._starved(observed, since)
        most = bound.size + bound.per_second * (observed.received - since)
        inexact = bound.size // 100 + min(bound.size // 2, bound.per_second * not_renewed)
        return most * (1 + faults) + len(GATEWAYS) * faults + inexact

    def _disturbances(self, observed: Observation, since: float) -> int:
        """Faults since then, and in time enough for recovery before, by which processes count for themselves.

        Those by which counts may be lost are two: what all let through by themselves, and from nothing after that.
        """
        concerned = frozenset(GATEWAYS if observed.place in GATEWAYS else {observed.place})
        recovering = since - RECOVERY - self._starved(observed, since - RECOVERY)
        return sum(
            1 + fault.forgets
            for fault in self._judge.faults
            if fault.alone & concerned and fault.touches(recovering, observed.received)
        )

    def _starved(self, observed: Observation, since: float) -> float:
        names = {observed.place, FOLLOWED_REGISTRY.get(observed.place, ""), "driver", STORES}
        return self._judge.starvation.between(names, since, observed.received)

    def _used_of(self, observed: Observation, thing: Thing, bound: Bound) -> Used:
        return self._used[thing, deployable_of(observed.place), bound.kind]


def _bounds(observed: Observation, event: LimitEvent) -> tuple[Bound, ...]:
    return bounds(event.limits, rates_alone=observed.place not in GATEWAYS)


def _least(observed: Observation, possible: Possible) -> Iterator[tuple[Thing, Bound]]:
    """Of each kind the least that may hold: how much, and how much of it comes back."""
    for thing, events in possible.items():
        found = [bound for event in events for bound in _bounds(observed, event)]
        for kind in sorted({bound.kind for bound in found}):
            of_kind = [bound for bound in found if bound.kind == kind]
            size, per_second = min(b.size for b in of_kind), min(b.per_second for b in of_kind)
            yield thing, Bound(kind, size, per_second, of_kind[0].window_s)


def _listed(policies: Collection[str]) -> str:
    return " and ".join(sorted(policies)) or "nothing"
