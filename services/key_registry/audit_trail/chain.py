"""The audit trail: lines in one order, each with the hash of the one before it."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
from uuid_utils import uuid7

from shared.contracts.key_registry import AuditEvent
from shared.errors import Unprocessable

MAX_TEXT_CHARACTERS = 255
MAX_DETAIL_BYTES = 64 * 1024
"""Bytes of a line's detail as JSON; what is larger is left out, and the line says so."""
_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_HASHED = (
    "seq",
    "at",
    "action",
    "actor",
    "subject_kind",
    "subject",
    "company_id",
    "request_id",
    "previous_hash",
)
"""The members of a line that its hash is over as they are."""


class Line(NamedTuple):
    """There are many: a tuple is made in a third of the time that a frozen dataclass takes."""

    seq: int
    at: datetime
    action: str
    actor: str
    subject_kind: str
    subject: str
    company_id: str | None
    request_id: str
    detail: Mapping[str, Any]
    previous_hash: bytes
    hash: bytes
    event_id: str | None = None
    """The sender's id of the event, which is written once. No digest of a detail can be guessed without it."""
    erased_detail: bytes | None = None
    """The digest of a detail that was erased, with the event's id; empty where the hash is over the detail."""

    def digest(self) -> bytes:
        """SHA-256 over the canonical JSON (sorted, no white space, UTF-8) of the other members.

        Of `detail` and `event_id` it has a digest, so that they can be erased and the chain still verifies.
        """
        return _sha256(self._members(), detail_digest=self.detail_digest().hex())

    def detail_digest(self) -> bytes:
        """SHA-256 over the event's id and the canonical JSON of the detail."""
        if self.erased_detail is not None:
            return self.erased_detail
        return _detail_digest(self.event_id or "", orjson.dumps(self.detail, option=orjson.OPT_SORT_KEYS))

    def digest_of_0_1(self) -> bytes:
        """The hash that release 0.1.0 gave a line: over the detail itself."""
        return _sha256(self._members(), detail=self.detail)

    def without_detail(self) -> "Line":
        """The line as it is once its detail has been erased."""
        if self.erased_detail is not None:
            return self
        kept = self.detail_digest() if self.digest() == self.hash else b""
        return self._replace(detail={}, event_id=None, erased_detail=kept)

    def _members(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _HASHED}


@dataclass(frozen=True, slots=True)
class Head:
    """Where the trail ends: whoever keeps it elsewhere can check later whether the end was cut off."""

    seq: int
    hash: bytes


START = Head(0, bytes(32))


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What is None does not narrow. `after` is inclusive, `before` is not."""

    company_id: str | None = None
    action: str | None = None
    actor: str | None = None
    subject_kind: str | None = None
    subject: str | None = None
    request_id: str | None = None
    after: datetime | None = None
    before: datetime | None = None


class BrokenTrail(Exception):
    """The first line that is not what was written."""

    def __init__(self, seq: int, reason: str) -> None:
        super().__init__(f"line {seq}: {reason}")
        self.seq = seq


def chained(head: Head, events: Iterable[AuditEvent]) -> Iterator[Line]:
    """The lines for `events`, to follow `head`."""
    for event in events:
        line = _line(head, event)
        head = Head(line.seq, line.hash)
        yield line


class ChainCheck:
    """Whether lines are what was written, one after the other from the one after `head`; each raises `BrokenTrail`.

    `heads` are hashes that lines are known to have had, by seq: one that is another now was made anew, and one that
    is not there was cut off.
    """

    def __init__(self, head: Head, heads: Mapping[int, bytes] = MappingProxyType({})) -> None:
        self.head = head
        self._heads = heads
        self._after_0_1 = False

    def add(self, line: Line) -> None:
        head = self.head
        if line.seq != head.seq + 1:
            raise BrokenTrail(head.seq + 1, f"is missing; the next line there is {line.seq}")
        if line.previous_hash != head.hash:
            raise BrokenTrail(line.seq, "does not follow from the line before it")
        self._check_content(line)
        if self._heads.get(line.seq, line.hash) != line.hash:
            raise BrokenTrail(line.seq, "is not the one that a checkpoint was signed for: it was made anew")
        self.head = Head(line.seq, line.hash)

    def _check_content(self, line: Line) -> None:
        """Lines of 0.1.0 come before all others. Of them alone, an erased detail leaves nothing to check."""
        if line.digest() == line.hash:
            self._after_0_1 = True
        elif self._after_0_1 or (line.erased_detail != b"" and line.digest_of_0_1() != line.hash):
            raise BrokenTrail(line.seq, "was changed after it was written")

    def end(self) -> Head:
        """The head, when no line is known that should follow."""
        if (longest := max(self._heads, default=0)) > self.head.seq:
            raise BrokenTrail(self.head.seq + 1, f"is missing: a checkpoint was signed for {longest} lines")
        return self.head


async def verified(
    lines: AsyncIterator[Line], heads: Mapping[int, bytes] = MappingProxyType({}), *, after: Head = START
) -> Head:
    """The head of the trail that `lines` are, from the one after `after`; the rest is as for `ChainCheck`."""
    check = ChainCheck(after, heads)
    async for line in lines:
        check.add(line)
    return check.end()


def _line(head: Head, event: AuditEvent) -> Line:
    """The line for `event` after `head`. There are many: it is put together once, and its detail sorted once."""
    if not 0 <= event.at <= _LATEST:
        raise Unprocessable.field("at", "must be a time in seconds since the epoch")
    event_id = event.id or str(uuid7())
    detail, canonical = _bounded(event.detail)
    members: dict[str, Any] = {
        "seq": head.seq + 1,
        "at": datetime.fromtimestamp(event.at, UTC),
        "action": _clean(event.action),
        "actor": _clean(event.actor),
        "subject_kind": _clean(event.subject_kind),
        "subject": _clean(event.subject),
        "company_id": None if event.company_id is None else _clean(event.company_id),
        "request_id": _clean(event.request_id),
        "previous_hash": head.hash,
    }
    hash_ = _sha256(members, detail_digest=_detail_digest(event_id, canonical).hex())
    return Line(**members, detail=detail, hash=hash_, event_id=event_id)


def _detail_digest(event_id: str, canonical: bytes) -> bytes:
    return hashlib.sha256(event_id.encode() + b"\n" + canonical).digest()


def _sha256(members: Mapping[str, Any], **more: Any) -> bytes:
    """Over the canonical JSON of the members that every hash is over, and `more`."""
    shown = {**members, "at": _written(members["at"]), "previous_hash": members["previous_hash"].hex(), **more}
    return hashlib.sha256(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS)).digest()


def _written(at: datetime) -> datetime | str:
    """In UTC with its microseconds, which orjson leaves out where there are none; all else it writes quickly."""
    in_utc = at.astimezone(UTC)
    return in_utc if in_utc.microsecond else in_utc.isoformat(timespec="microseconds")


def _clean(text: str) -> str:
    """A line is never lost for what it records: it is cut, and what cannot be stored is replaced."""
    return text[:MAX_TEXT_CHARACTERS].replace("\0", "\N{REPLACEMENT CHARACTER}")


def _bounded(detail: Mapping[str, Any]) -> tuple[Mapping[str, Any], bytes]:
    """The detail that a line has, and its canonical JSON."""
    try:
        canonical = orjson.dumps(detail, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        left_out = "nested too deeply"
    else:
        if len(canonical) <= MAX_DETAIL_BYTES:
            return detail, canonical
        left_out = f"{len(canonical)} bytes"
    return {"left_out": left_out}, orjson.dumps({"left_out": left_out})
