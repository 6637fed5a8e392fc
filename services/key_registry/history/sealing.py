"""How records and heads are written, each with a MAC: who can write to a copy cannot make one up.

A copy holds names and values. What was altered, or is not of this registry, is left out and counted.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args
from urllib.parse import quote, unquote

import structlog

from services.key_registry.history.records import (
    AuditedKind,
    HistoryContent,
    HistoryHead,
    Position,
    State,
    StateRecord,
)
from shared.contracts.key_registry import Kind

log = structlog.get_logger()

HEAD = "head"
UNKEYED = hashlib.sha256(b"passgate history without a key").digest()
"""Where the registry has no key of its own: what a copy says is then as good as who can write to it."""
_MAC_BYTES = 16
_KINDS, _STATES = frozenset((*get_args(Kind), *get_args(AuditedKind))), frozenset(get_args(State))


class Seal:
    """The first of `keys` makes the MACs; all verify them."""

    def __init__(self, keys: Sequence[bytes], history: str) -> None:
        self._keys = tuple(keys) or (UNKEYED,)
        self._history = history
        """The name of the history: what was written for another one is not valid here."""

    def record(self, record: StateRecord) -> tuple[str, str]:
        """Name and value."""
        name = f"{record.kind}/{quote(record.id, safe='')}"
        text = f"{record.seq} {record.state} {_number(record.until)} {_number(record.ends)}"
        text += "" if record.rights is None else f" {record.rights}"
        return name, f"{text} {self._mac(self._keys[0], name, text)}"

    def head(self, head: HistoryHead) -> tuple[str, str]:
        """Name and value. A value begins with its position, by which the later one is found."""
        seq, mark = head.position
        text = f"{seq} {quote(mark, safe='')} {head.audit_seq} {head.audit_hash.hex()} {head.horizon}"
        return HEAD, f"{text} {self._mac(self._keys[0], HEAD, text)}"

    def read_head(self, value: str) -> HistoryHead | None:
        """None for what was not written by this registry."""
        parts = self._verified(HEAD, value)
        if parts is None:
            return None
        seq, mark, audit_seq, audit_hash, horizon = parts
        position = Position(int(seq), unquote(mark))
        return HistoryHead(position, int(audit_seq), bytes.fromhex(audit_hash), int(horizon))

    def read_record(self, name: str, value: str) -> StateRecord | None:
        """None for what was not written by this registry."""
        parts = self._verified(name, value)
        kind, _, id_ = name.partition("/")
        if parts is None or kind not in _KINDS or parts[1] not in _STATES:
            return None
        seq, state, until, ends, *rights = parts
        known: Any = kind, state
        record = StateRecord(known[0], unquote(id_), known[1], int(seq), _float(until), _float(ends))
        return replace(record, rights=rights[0]) if rights else record

    def read(self, copy: str, values: Mapping[str, str]) -> HistoryContent | None:
        """All that a copy holds; None where it has no head that is valid."""
        return self.read_lines(copy, values.items())

    def read_lines(self, copy: str, lines: Iterable[tuple[str, str]]) -> HistoryContent | None:
        """The same of names and values of which the last of a name counts, by its position."""
        head: HistoryHead | None = None
        kept, invalid = HistoryContent(HistoryHead(Position(0, ""))), 0
        for name, value in lines:
            if name == HEAD:
                found = self.read_head(value)
                if found is not None and (head is None or _later(found, head)):
                    head = found
                invalid += found is None
            elif (record := self.read_record(name, value)) is not None:
                kept.add((record,))
            else:
                invalid += 1
        if invalid:
            log.error("history_copy.invalid", copy=copy, left_out=invalid)
        if head is None:
            return None
        kept.head = head
        return kept

    def _verified(self, name: str, value: str) -> list[str] | None:
        text, _, mac = value.rpartition(" ")
        if not any(hmac.compare_digest(self._mac(key, name, text), mac) for key in self._keys):
            return None
        return text.split(" ")

    def _mac(self, key: bytes, name: str, text: str) -> str:
        digest = hmac.digest(key, f"{self._history}\n{name}\n{text}".encode(), "sha256")
        return urlsafe_b64encode(digest[:_MAC_BYTES]).decode().rstrip("=")


def _later(one: HistoryHead, other: HistoryHead) -> bool:
    return (one.position.seq, one.audit_seq) >= (other.position.seq, other.audit_seq)


def _number(value: float | None) -> str:
    return "-" if value is None else repr(value)


def _float(text: str) -> float | None:
    return None if text == "-" else float(text)
