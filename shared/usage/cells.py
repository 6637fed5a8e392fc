"""What is counted together: a cell for each combination, which whoever counts may hold on to."""

from typing import NamedTuple

from shared.contracts.usage.messages import Outcome, UsedKind


class CellKey(NamedTuple):
    kind: UsedKind
    credential: str
    """Its id or its public name."""
    version: int
    """Which of its secrets; 0: none, or not known."""
    route: str
    outcome: Outcome
    cause: str
    proven: bool
    """Whether the call proved the credential, and so is a use of it."""
    address: str
    """Of the client; "" where it is not counted."""


class Cell:
    """Counting a call is `cell.calls += 1`. One that is `closed` is looked at no more: get another one."""

    __slots__ = ("address_hour", "calls", "closed", "idle_rounds", "key")

    def __init__(self, key: CellKey) -> None:
        self.key = key
        self.calls = 0
        """Since they were taken last."""
        self.closed = False
        self.idle_rounds = 0
        self.address_hour = -1
        """The hour for which its address was reported last."""
