"""Whether the trail is what was written, a part at a time: each goes on where the one before ended."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.key_registry.audit_trail.chain import START, BrokenTrail, ChainCheck, Head, Line
from services.key_registry.audit_trail.checkpoints import InvalidCheckpoint, read_checkpoint
from services.key_registry.audit_trail.ports import AuditLines, Checkpoints, Months
from shared.jose.keys import PublicKey

MAX_LINES = 5000
"""Of one part."""
LINES_PER_READ = 1000
MAX_CHECKPOINTS = 100
"""The newest ones, that each part is compared with."""


class VerifiedPart(NamedTuple):
    """`head`: of the last line that is what was written. `broken`: the first one that is not."""

    after: int
    head: Head
    lines: int
    """That the trail has now."""
    in_files: int
    """Those before the first that is in the database."""
    checkpoints: int
    broken: BrokenTrail | None

    @property
    def done(self) -> bool:
        return self.broken is not None or self.head.seq >= self.lines


class PartialVerification:
    """`keys` are those that checkpoints are verified with; None: there are none, and nothing is compared."""

    def __init__(
        self, lines: AuditLines, months: Months, checkpoints: Checkpoints, keys: Mapping[str, PublicKey] | None
    ) -> None:
        self._lines = lines
        self._months = months
        self._checkpoints = checkpoints
        self._keys = keys

    async def part(self, after: Head | None) -> VerifiedPart:
        """The next lines after a head that was verified; None: from the first line that is in the database.

        Raises `Unavailable`.
        """
        known, first = await self._known_heads(), await self._first()
        end = await self._checkpoints.head()
        # lines may have left for files since the part before
        start = first if after is None or after.seq < first.seq else after
        check, broken = ChainCheck(start, known), None
        try:
            left = MAX_LINES
            while left > 0 and (chunk := await self._lines.following(check.head.seq, min(left, LINES_PER_READ))):
                await asyncio.to_thread(_add_all, check, chunk)
                left -= len(chunk)
            if left > 0 or check.head.seq >= end.seq:
                check.end()
        except BrokenTrail as error:
            broken = error
        last = max(end.seq, check.head.seq)
        return VerifiedPart(start.seq, check.head, last, first.seq, len(known), broken)

    async def _first(self) -> Head:
        """What the first line in the database follows."""
        first = START
        for month in await self._months.all():
            if month.dropped and month.last is not None:
                first = month.last
        return first

    async def _known_heads(self) -> Mapping[int, bytes]:
        if self._keys is None:
            return {}
        heads = {}
        for kept in await self._checkpoints.newest(None, MAX_CHECKPOINTS):
            try:
                signed = read_checkpoint(kept.jws, self._keys)
            except InvalidCheckpoint:  # by a key that is no longer known: it proves nothing
                continue
            heads[signed.count] = signed.head
        return heads


def _add_all(check: ChainCheck, lines: Sequence[Line]) -> None:
    for line in lines:
        check.add(line)
