"""How the audit trail ended, by what the copies of the history say of it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.key_registry.audit_trail.chain import BrokenTrail
from services.key_registry.history.comparison import comparable
from services.key_registry.history.ports import HistoryCopy, HistoryStore
from services.key_registry.history.records import HistoryHead
from shared.errors import Unavailable


class OutsideHeads(NamedTuple):
    """How the audit trail is known to have ended, by the copies of the history."""

    heads: Mapping[int, bytes]
    """The hash of a line, by its number."""
    compared: Sequence[str]
    missing: Sequence[str]
    """The copies that say nothing, and why."""


async def read_outside_heads(copies: Sequence[HistoryCopy], store: HistoryStore) -> OutsideHeads:
    """Ask the copies first: what the trail gets meanwhile is no loss. Raises `BrokenTrail` for two that differ."""
    found: dict[str, HistoryHead] = {}
    missing: list[str] = []
    for copy in copies:
        try:
            head = await copy.head()
        except Unavailable as error:
            missing.append(f"{copy.name} ({error.description or 'unavailable'})")
            continue
        if head is None:
            missing.append(f"{copy.name} (it holds nothing of this history)")
        else:
            found[copy.name] = head
    state, heads = await store.state(()), dict[int, bytes]()
    for head in found.values():
        if comparable(head, state) and heads.setdefault(head.audit_seq, head.audit_hash) != head.audit_hash:
            raise BrokenTrail(head.audit_seq, "has had two hashes, by the heads kept outside: it was made anew")
    return OutsideHeads(heads, list(found), missing)
