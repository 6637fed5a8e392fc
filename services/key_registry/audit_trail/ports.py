"""What the rules of the audit trail need of its storage, as protocols; each method raises `Unavailable`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from services.key_registry.audit_trail.chain import AuditFilter, Head, Line
from shared.contracts.key_registry import AuditEvent


class TrailEnd(Protocol):
    async def append(self, events: Sequence[AuditEvent]) -> bool:
        """Whether they are in the trail now, durable, all of them.

        False, and nothing was written, where some are in it already, or where it does not end as this process
        expects: whoever looks finds out.
        """
        ...


class AuditLines(Protocol):
    async def newest(self, which: AuditFilter, before: int | None, limit: int) -> Sequence[Line]:
        """The newest first, those with a seq below `before` only."""
        ...

    async def following(self, seq: int, limit: int) -> Sequence[Line]:
        """In order, those after `seq`."""
        ...


class ErasableLines(AuditLines, Protocol):
    async def erase(self, lines: Sequence[Line]) -> None:
        """Write these lines, which have no detail any more, over those that had one."""
        ...

    async def vacuum(self) -> None:
        """Free the space of what was erased."""
        ...


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """`number` is the order in which they were signed; `at` is in seconds since the epoch."""

    number: int
    at: float
    jws: str


class Checkpoints(Protocol):
    async def head(self) -> Head:
        """Where the trail ends now."""
        ...

    async def epoch(self) -> str:
        """The name of this history, given to it once, when it is first asked for."""
        ...

    async def keep(self, jws: str, at: float) -> None: ...

    async def newest(self, before: int | None, limit: int) -> Sequence[KeptCheckpoint]:
        """The newest first, those with a number below `before` only."""
        ...

    async def prune(self, before: float) -> None:
        """Delete those that were signed before this time, in seconds since the epoch."""
        ...


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the trail that has lines. `last` is None while it is not over: lines may still be added to it.

    `file` and `sha256` are there once it was exported; `dropped`: the file alone has its lines.
    """

    month: date
    first_seq: int
    previous_hash: bytes
    last: Head | None
    file: str | None = None
    sha256: bytes | None = None
    dropped: bool = False

    @property
    def name(self) -> str:
        """As in 2026-11."""
        return f"{self.month:%Y-%m}"


class Months(Protocol):
    async def prepare(self, *months: date) -> None:
        """Create those that are not there."""
        ...

    async def all(self) -> Sequence[Month]:
        """Those that have lines, or had some, in order."""
        ...

    async def exported(self, month: date, last: Head, file: str, sha256: bytes) -> None:
        """Keep that this file has the month's lines."""
        ...

    async def drop(self, month: date) -> None:
        """Delete the lines of a month that was exported, all of them at once. Again is harmless."""
        ...
