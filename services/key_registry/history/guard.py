"""Whether the database may be relied upon: that it still has all that this process has seen of its history.

Closed until the history was compared with the copies outside the database, and again as soon as a look into the
database shows that it was set back. What is closed is 503 with `Retry-After`.
"""

import asyncio
from typing import NoReturn

import structlog

from services.key_registry.audit_trail.chain import START, Head
from services.key_registry.history.records import ORIGIN, HistoryHead, Position
from shared.errors import Unavailable

log = structlog.get_logger()

RETRY_AFTER_S = 2
NOT_COMPARED = "the history has not been compared yet"
SET_BACK = "the history may have been set back"


class CannotRely(Unavailable):
    """The database cannot be relied upon, for a reason that its being available again does not end."""


class HistoryGuard:
    """Take `expected` before a look into the database, and hand it to `confirm` with what was found there."""

    def __init__(self) -> None:
        self._known = ORIGIN
        self._audit = START
        self._closed: str | None = NOT_COMPARED
        self.compare_now = asyncio.Event()
        """Set when the history is to be compared at once."""

    @property
    def closed(self) -> str | None:
        """Why nothing is accepted; None while all is well."""
        return self._closed

    @property
    def known(self) -> HistoryHead:
        """The furthest that this process has seen."""
        return HistoryHead(self._known, self._audit.seq, self._audit.hash)

    def expected(self) -> Position:
        """What the database must have. Raises `Unavailable` while it is not relied upon."""
        self.require_open()
        return self._known

    def require_open(self) -> None:
        """Raises `Unavailable` while the database is not relied upon."""
        if self._closed is not None:
            raise _unavailable(self._closed)

    def confirm(self, expected: Position, seq: int, mark: str | None) -> None:
        """What was read is as of position `seq`, which has this mark. Raises `Unavailable` if that was set back.

        Writers do not go on with a history that was set back, so one that is longer is a later one.
        """
        self.require_open()
        if seq < expected.seq or (seq == expected.seq and mark != expected.mark):
            self.suspect(expected, seq)
        if mark is not None:
            self.note(Position(seq, mark))

    def confirm_mark(self, expected: Position, mark: str | None) -> None:
        """The database has this mark at the expected position, None: no such position."""
        self.require_open()
        if expected != ORIGIN and mark != expected.mark:
            self.suspect(expected, None)

    def confirm_audit(self, head: Head) -> None:
        """The audit trail ends there. Raises `Unavailable` if that is before what was known."""
        self.require_open()
        if head.seq < self._audit.seq or (head.seq == self._audit.seq and head.hash != self._audit.hash):
            self._suspect(expected_audit_line=self._audit.seq, found_audit_line=head.seq)

    def note(self, position: Position | None, audit: Head | None = None) -> None:
        """This is in the database, and durable."""
        if position is not None and position.seq > self._known.seq:
            self._known = position
        if audit is not None and audit.seq > self._audit.seq:
            self._audit = audit

    def suspect(self, expected: Position, found: int | None) -> NoReturn:
        """Close, and have the history compared. Raises `Unavailable`."""
        self._suspect(expected_position=expected.seq, found_position=found)

    def _suspect(self, **logged: int | None) -> NoReturn:
        log.warning("history.suspected", **logged)
        self.close(SET_BACK)
        raise _unavailable(SET_BACK)

    def close(self, reason: str) -> None:
        self._closed = reason
        self.compare_now.set()

    def keep_closed(self, reason: str) -> None:
        """Closed for this reason from now on; the next comparison is when it is due."""
        self._closed = reason

    def open(self, head: HistoryHead) -> None:
        """The database is relied upon, and this is how far it is."""
        self._known = head.position
        self._audit = Head(head.audit_seq, head.audit_hash)
        self._closed = None

    async def check(self) -> None:
        """For health: raises `Unavailable` while the database is not relied upon."""
        self.require_open()


def _unavailable(reason: str) -> Unavailable:
    return Unavailable(reason, retry_after=RETRY_AFTER_S)
