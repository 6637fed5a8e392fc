"""Whether what was known of the history is still in the database."""

from dataclasses import dataclass

from services.key_registry.history.ports import DatabaseState
from services.key_registry.history.records import HistoryHead


def is_lost(head: HistoryHead, state: DatabaseState) -> bool:
    """Whether the database lacks what was known, and does not know that either."""
    return feed_is_lost(head, state) or audit_is_lost(head, state)


def feed_is_lost(head: HistoryHead, state: DatabaseState) -> bool:
    """A position that was pruned cannot be compared: the database is further, as positions are not used again."""
    seq, mark = head.position
    if seq == 0 or seq < state.first_seq or any(r.found_seq < seq <= r.lost_seq for r in state.restores):
        return False
    return state.marks.get(seq) != mark


def audit_is_lost(head: HistoryHead, state: DatabaseState) -> bool:
    """A line that is not in the database any more cannot be compared: its month has left for a file."""
    seq = head.audit_seq
    if not comparable(head, state):
        return False
    return seq > state.audit.seq or state.hashes.get(seq, head.audit_hash) != head.audit_hash


def comparable(head: HistoryHead, state: DatabaseState) -> bool:
    """Whether the trail must have the line that `head` names: one that a known restore has lost it need not."""
    return head.audit_seq > 0 and not any(
        r.found_audit_seq < head.audit_seq <= r.lost_audit_seq and head.position.seq < r.resumed_seq
        for r in state.restores
    )


@dataclass(frozen=True, slots=True)
class Loss:
    """How far the database is, and how far the history was known to be."""

    found: HistoryHead
    lost: HistoryHead

    @property
    def changes(self) -> int:
        return max(0, self.lost.position.seq - self.found.position.seq)

    @property
    def audit_lines(self) -> int:
        return max(0, self.lost.audit_seq - self.found.audit_seq)

    def __str__(self) -> str:
        return (
            f"the database has {self.found.position.seq} changes and {self.found.audit_seq} audit lines, and "
            f"{self.lost.position.seq} and {self.lost.audit_seq} are known outside"
        )


def find_loss(heads: list[HistoryHead], state: DatabaseState) -> Loss | None:
    """What the database lacks of what any of `heads` says; None where it lacks nothing."""
    if not any(is_lost(head, state) for head in heads):
        return None
    furthest = max(heads, key=lambda head: head.position.seq)
    longest = max(heads, key=lambda head: head.audit_seq)
    seq = max(furthest.position.seq, state.last.seq)
    position = furthest.position._replace(seq=seq)
    return Loss(state.head, HistoryHead(position, longest.audit_seq, longest.audit_hash))
