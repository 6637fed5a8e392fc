"""Which of several addresses gets the next call."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from gateway.upstreams.settings import Balance


class Candidate(Protocol):
    weight: float
    credit: float
    """What round robin owes it: kept here between two choices, 0 at first."""

    @property
    def in_use(self) -> int:
        """Calls that it has now."""
        ...


C = TypeVar("C", bound=Candidate)


def round_robin(candidates: Sequence[C]) -> C:
    """By turns, each as often as its weight says, and never several times in a row where others have a turn due.

    Smooth weighted round robin: a choice gives each candidate its weight, and takes them all from the chosen one.
    """
    total = 0.0
    for candidate in candidates:
        candidate.credit += candidate.weight
        total += candidate.weight
    chosen = max(candidates, key=_credit)
    chosen.credit -= total
    return chosen


def least_connections(candidates: Sequence[C]) -> C:
    """The one with the fewest calls for its weight; among several such, by turns."""
    fewest = min(candidate.in_use / candidate.weight for candidate in candidates)
    return round_robin([c for c in candidates if c.in_use / c.weight == fewest])


def _credit(candidate: Candidate) -> float:
    return candidate.credit


def choice_by(balance: Balance) -> Callable[[Sequence[C]], C]:
    return least_connections if balance is Balance.LEAST_CONNECTIONS else round_robin
