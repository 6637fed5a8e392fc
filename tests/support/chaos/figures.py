"""What was seen of a running plane, over many sequences."""

from dataclasses import dataclass, field

from tests.support.chaos.model import Outcome


@dataclass
class Figures:
    sequences: int = 0
    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    last_accepted: list[float] = field(default_factory=list)
    """For each stop after which a call was accepted, how late that was sent, in seconds from the acknowledgement;
    of consumers that could follow the changes all the while."""
    last_accepted_blind: list[float] = field(default_factory=list)
    """The same of the others."""

    receipts: list[float] = field(default_factory=list)
    """Seconds from each acknowledgement to its receipt saying that all have applied it."""

    def __str__(self) -> str:
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.items())
        return (
            f"{self.sequences} sequences; {outcomes}; last acceptance after a stop: {_spread(self.last_accepted)}, "
            f"where it could not be followed: {_spread(self.last_accepted_blind)}; "
            f"{len(self.receipts)} receipts: {_spread(self.receipts)}"
        )


def _spread(seconds: list[float]) -> str:
    late = sorted(seconds) or [0.0]
    p50, p99 = late[len(late) // 2], late[int(0.99 * (len(late) - 1))]
    return f"p50 {p50:.3f} s, p99 {p99:.3f} s, max {late[-1]:.3f} s"
