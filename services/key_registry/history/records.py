"""What is kept outside the database: how far the history was, and of each object how it was last.

A record holds ids, times, a status and a fingerprint of rights, never a secret or a digest of one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from services.key_registry.audit_trail.chain import START
from shared.changes.stopped_set import CLOCK_ERROR_S
from shared.contracts.key_registry import ORIGIN_MARK, Kind

MAX_RECORDS = 500_000
"""Records that a copy keeps; beyond, the oldest leave, and the horizon moves up."""
AuditedKind = Literal["person", "webhook"]
"""These are in no change feed: a record of one is as of the audit trail."""
RecordKind = Kind | AuditedKind
SHORT_LIVED: frozenset[RecordKind] = frozenset({"jwt", "session_token"})
"""Kinds whose revocation concerns nothing any more once its `until` is over, whatever is restored."""
State = Literal["active", "suspended", "revoked"]


@dataclass(frozen=True, slots=True)
class StateRecord:
    """How an object was, as of the position `seq`. Times are seconds since the epoch."""

    kind: RecordKind
    id: str
    """Of an object, of a version of a credential, a `jti` or a `kid`."""
    state: State
    seq: int
    until: float | None = None
    """For a revocation: when nothing that it concerns can still be alive."""
    ends: float | None = None
    """When it ends by itself, None: never."""
    rights: str | None = None
    """The fingerprint of what it may do (`rights_of`), of a person or webhook the time of its last change; None: it
    has no rights, or they are not known."""

    @property
    def key(self) -> tuple[RecordKind, str]:
        return self.kind, self.id


class Position(NamedTuple):
    """A place in the change feed, with the mark that says of which history."""

    seq: int
    mark: str


ORIGIN = Position(0, ORIGIN_MARK)


@dataclass(frozen=True, slots=True)
class HistoryHead:
    """How far the history was known to be."""

    position: Position
    audit_seq: int = START.seq
    audit_hash: bytes = START.hash
    horizon: int = 0
    """What changed after this position is known; of what changed before, some may not be."""


@dataclass(slots=True)
class HistoryContent:
    """All that a copy has, or several have together."""

    head: HistoryHead
    records: dict[tuple[RecordKind, str], StateRecord] = field(default_factory=dict)

    @classmethod
    def nothing_until(cls, position: Position) -> "HistoryContent":
        """Whose every change up to `position` is unknown."""
        return cls(HistoryHead(position, horizon=position.seq))

    def add(self, records: Iterable[StateRecord]) -> None:
        """The later record of an object counts; of two of the same position, the one that says more is stopped."""
        for record in records:
            known = self.records.get(record.key)
            if known is None or _order(record) >= _order(known):
                self.records[record.key] = record

    def since_when(self, record: StateRecord) -> StateRecord:
        """The same; of what is revoked as of when it is known to have been, however often it was stopped since."""
        known = self.records.get(record.key)
        if known is None or not known.state == record.state == "revoked":
            return record
        return replace(record, seq=min(record.seq, known.seq))

    def in_order(self) -> list[StateRecord]:
        """In the order of their last change."""
        return sorted(self.records.values(), key=lambda record: (record.seq, record.kind, record.id))


def merged(copies: Iterable[HistoryContent]) -> HistoryContent | None:
    """What several copies have together: the furthest head, and the least horizon. None where there is none."""
    found = sorted(copies, key=lambda kept: kept.head.position.seq)
    if not found:
        return None
    last = found[-1].head
    horizon = min(kept.head.horizon for kept in found)
    whole = HistoryContent(HistoryHead(last.position, last.audit_seq, last.audit_hash, horizon))
    for kept in found:
        whole.add(kept.records.values())
    return whole


def bounded(
    records: Mapping[tuple[RecordKind, str], StateRecord], now: float, *, maximum: int = MAX_RECORDS
) -> tuple[dict[tuple[RecordKind, str], StateRecord], int]:
    """Those that stay, and the position up to which some were left out: 0 where what left concerns nobody.

    Of too many, those that are not stopped leave first, the oldest before the others.
    """
    alive = {
        key: record
        for key, record in records.items()
        if record.kind not in SHORT_LIVED or record.until is None or record.until + CLOCK_ERROR_S > now
    }
    excess = len(alive) - maximum
    if excess <= 0:
        return alive, 0
    first = sorted(alive.values(), key=lambda record: (record.state != "active", record.seq))[:excess]
    for record in first:
        del alive[record.key]
    return alive, max(record.seq for record in first)


def _order(record: StateRecord) -> tuple[int, bool]:
    return record.seq, record.state != "active"
