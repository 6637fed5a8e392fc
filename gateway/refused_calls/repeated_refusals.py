"""Calls without a credential that come again and are refused again.

Whoever has none, or scans for what is there, sends the same few heads over and over. What is decided about such a
head follows from its bytes and the route table alone: there is nobody who may have been stopped since.
"""

from gateway.forwarding.forward import Decision, LookUp
from gateway.http1.kept import Kept
from gateway.http1.request_head import RequestHead
from gateway.refusal import Refusal
from gateway.routing.table import RouteTable

MAX_REPEATED_REFUSALS = 4096
_MAX_KEPT_TARGET_LENGTH = 128

Key = tuple[int, str, str, str]
"""The number of the fields' block, the method, the target and the host."""


class RepeatedRefusals:
    """Found by heads of which nothing may hold a secret. Bounded, as everything that a client chooses."""

    def __init__(self) -> None:
        self._refusals: Kept[Key, tuple[RouteTable, Refusal]] = Kept(MAX_REPEATED_REFUSALS)

    def __len__(self) -> int:
        return len(self._refusals)

    def find(self, head: RequestHead, table: RouteTable) -> Refusal | None:
        """What was decided with this table about a head that is the same, if it was refused."""
        if not _may_repeat(head):
            return None
        found = self._refusals.get(_key(head))
        return found[1] if found is not None and found[0] is table else None

    def keep(self, head: RequestHead, table: RouteTable, decision: Decision | LookUp) -> None:
        """A call that is let through is none of these, whatever its route is."""
        if isinstance(decision, Refusal) and _may_repeat(head):
            self._refusals.keep(_key(head), (table, decision))


def _key(head: RequestHead) -> Key:
    return head.block.kept, head.method, head.target, head.host


def _may_repeat(head: RequestHead) -> bool:
    """Whether it holds no credential, wherever that may be, and comes again: a kept block is one object."""
    target = head.target
    if not head.block.kept or head.call_fields or "?" in target or len(target) > _MAX_KEPT_TARGET_LENGTH:
        return False
    return head.credential is None
