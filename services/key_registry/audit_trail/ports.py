"""What the rules of the audit trail need of its storage, as protocols; each method raises `Unavailable`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.key_registry.audit_trail.chain import AuditFilter, Head, Line


class AuditLines(Protocol):
    async def newest(self, which: AuditFilter, before: int | None, limit: int) -> Sequence[Line]:
        """The newest first, those with a seq below `before` only."""
        ...

    async def following(self, seq: int, limit: int) -> Sequence[Line]:
        """In order, those after `seq`."""
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
