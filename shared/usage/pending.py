"""What was counted and is not in a batch yet: added up, within bounds, also while the registry is away."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from uuid_utils import uuid7

from shared.contracts.usage.messages import (
    MAX_COUNTS,
    MAX_DISTINCT,
    IssuedCount,
    IssuedWhat,
    UsageBatch,
    UsageCount,
    UsedKind,
)
from shared.usage.cells import CellKey

MAX_PENDING = 20_000
"""Combinations with their hours that wait at a time."""

K = TypeVar("K")
CountKey = tuple[CellKey, int]
"""Without its address, and the hour."""
IssuedKey = tuple[UsedKind, str, int, IssuedWhat, int]
"""Kind, credential, version, what, and when it ends."""


@dataclass(slots=True)
class _Count:
    calls: int = 0
    last_used_at: float | None = None
    addresses: set[int] = field(default_factory=set)
    users: set[int] = field(default_factory=set)


class Pending:
    def __init__(self) -> None:
        self.source = str(uuid7())
        self._number = 0
        self._counts: dict[CountKey, _Count] = {}
        self._issued: dict[IssuedKey, int] = {}

    @property
    def calls(self) -> int:
        return sum(count.calls for count in self._counts.values())

    def add_calls(self, key: CellKey, hour: int, calls: int, now: float, address: int | None) -> bool:
        """Whether there was room for them."""
        count = self._count(key, hour)
        if count is None:
            return False
        count.calls += calls
        if key.proven:
            count.last_used_at = now
        if address is not None and len(count.addresses) < MAX_DISTINCT:
            count.addresses.add(address)
        return True

    def add_user(self, key: CellKey, hour: int, user: int) -> None:
        count = self._count(key, hour)
        if count is not None and len(count.users) < MAX_DISTINCT:
            count.users.add(user)

    def add_issued(self, key: IssuedKey, tokens: int) -> None:
        if key in self._issued or len(self._issued) < MAX_PENDING:
            self._issued[key] = self._issued.get(key, 0) + tokens

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._counts or self._issued)

    def batch(self, until: float, lost_at: float | None, *, ended: bool = False) -> UsageBatch:
        """The next one, with the next number. `until`: all calls before were added here."""
        self._number += 1
        counts = [(key, self._counts.pop(key)) for key in _first(self._counts)]
        issued = [(key, self._issued.pop(key)) for key in _first(self._issued)]
        return UsageBatch(
            source=self.source,
            number=self._number,
            counts=tuple(_wire(key, hour, count) for (key, hour), count in counts),
            issued=tuple(
                IssuedCount(kind=kind, credential=id_, version=version, what=what, expires_at=end, tokens=tokens)
                for (kind, id_, version, what, end), tokens in issued
            ),
            counted_until=None if self else until,
            lost_at=lost_at,
            ended=ended and not self,
        )

    def _count(self, key: CellKey, hour: int) -> _Count | None:
        without_address = (key._replace(address=""), hour)
        count = self._counts.get(without_address)
        if count is None and len(self._counts) < MAX_PENDING:
            count = self._counts[without_address] = _Count()
        return count


def _first(of: Mapping[K, object]) -> list[K]:
    return list(islice(of, MAX_COUNTS))


def _wire(key: CellKey, hour: int, count: _Count) -> UsageCount:
    return UsageCount(
        kind=key.kind,
        credential=key.credential,
        version=key.version,
        route=key.route,
        outcome=key.outcome,
        cause=key.cause,
        hour=hour,
        calls=count.calls,
        last_used_at=count.last_used_at,
        addresses=tuple(count.addresses),
        users=tuple(count.users),
    )
