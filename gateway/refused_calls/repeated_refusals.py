"""Calls without a credential that come again and are refused again.

Whoever has none, or scans for what is there, sends the same few heads over and over. What is decided about such a
head follows from its bytes and the route table alone: there is nobody who may have been stopped since.
"""

from gateway.http1.kept import Kept
from gateway.http1.request_head import RequestHead
from gateway.refused_calls.refusal import Refusal
from gateway.routing.table import RouteTable

MAX_REPEATED_REFUSALS = 4096
_MAX_KEPT_TARGET_LENGTH = 128

Key = tuple[int, str, str, str]
"""The number of the fields' block, the method, the target and the host."""


class RepeatedRefusals:
    """Found by heads in which nothing may be a secret. Bounded, as everything that a client chooses."""

    def __init__(self) -> None:
        self._refusals: Kept[Key, tuple[RouteTable, Refusal]] = Kept(MAX_REPEATED_REFUSALS)

    def __len__(self) -> int:
        return len(self._refusals)

    def find(self, key: Key, table: RouteTable) -> Refusal | None:
        """What was decided with this table about a head with this `key`, if it was refused."""
        found = self._refusals.get(key)
        return found[1] if found is not None and found[0] is table else None

    def keep(self, key: Key, refusal: Refusal, table: RouteTable) -> None:
        self._refusals.keep(key, (table, refusal))


def key_without_credential(head: RequestHead) -> Key | None:
    """All that a refusal of this head depends on, but the table; None where it may hold a credential, in whatever
    place, or does not come again."""
    if head.credential is not None or not head.block.kept or head.call_fields:
        return None
    target = head.target
    if "?" in target or len(target) > _MAX_KEPT_TARGET_LENGTH:
        return None
    return head.block.kept, head.method, target, head.host
