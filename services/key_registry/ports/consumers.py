"""Who follows the change feed, and how far each has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.contracts.key_registry import (
    Position,
)
from shared.contracts.signing_keys import GatewayKeys


@dataclass(frozen=True, slots=True)
class Reached:
    """A consumer, and whether it has applied a certain position.

    `applied_at` is when it first reported so, `joined_at` when it first reported; None: not yet, or long ago.
    """

    service: str
    instance: str
    joined_at: float
    applied: bool
    applied_at: float | None


FORGOTTEN_AFTER_S = 30.0
"""Seconds after which a consumer that says nothing counts no more, unless its staleness bound is longer: until that
is over it may accept what it cannot look up."""


class ConsumerStore(Protocol):
    """Each method raises `Unavailable` when the store is unavailable.

    `reported_after` and `silent_since` are for the consumers whose bound is no longer than `FORGOTTEN_AFTER_S`; for
    another they are as much earlier as its bound is longer.
    """

    async def report(self, position: Position, at: float) -> None:
        """Keep the report, unless the instance is known as one of another service."""
        ...

    async def forget(self, instance: str, service: str) -> None:
        """Forget the instance, if it is one of this service."""
        ...

    async def reached(self, position: int, reported_after: float, reported_until: float) -> Sequence[Reached]:
        """Each consumer whose last report is later than `reported_after` and no later than `reported_until`.

        They are in the order of service and instance.

        A report of a position counts only if its mark is the one that the position has in the feed.
        """
        ...

    async def gateways(self, reported_after: float, reported_until: float) -> Sequence[GatewayKeys]:
        """Of the same consumers those of the service `gateway`, with the kids in their last report."""
        ...

    async def prune(self, *, silent_since: float, reports_before: float) -> None: ...
