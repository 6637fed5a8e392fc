"""Which refusals are kept in full when there are more than can be: within a window, by cause and source.

So a flood of one cause, or from one address, leaves the others their places; and refusals of credentials that are
known have places of their own, which strangers cannot take.
"""

from dataclasses import dataclass, field

from shared.clock import Clock

WINDOW_S = 60.0
PER_SOURCE = 10
"""Traces in a window for one cause and source: a credential that is known, or else the client's address."""
PER_CAUSE = 100
"""Traces in a window for one cause."""
IN_ALL = 300
"""Traces in a window, of known credentials and of strangers each."""


@dataclass(slots=True)
class _Kept:
    sources: dict[tuple[str, str], int] = field(default_factory=dict)
    causes: dict[str, int] = field(default_factory=dict)
    in_all: int = 0

    def admit(self, cause: str, source: str) -> bool:
        of_cause = self.causes.get(cause, 0)
        if self.in_all >= IN_ALL or of_cause >= PER_CAUSE:
            return False
        of_source = self.sources.get((cause, source), 0)
        if of_source >= PER_SOURCE:
            return False
        self.in_all += 1
        self.causes[cause] = of_cause + 1
        self.sources[(cause, source)] = of_source + 1
        return True


class Sampling:
    """Its memory is bounded by what it admits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_at = float("-inf")
        self._known, self._strangers = _Kept(), _Kept()

    def admit(self, cause: str, source: str, *, known: bool) -> bool:
        now = self._clock.monotonic()
        if now - self._began_at >= WINDOW_S:
            self._began_at, self._known, self._strangers = now, _Kept(), _Kept()
        return (self._known if known else self._strangers).admit(cause, source)
