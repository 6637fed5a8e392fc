"""What the rules need of the copies and of the database, as protocols; each method raises `Unavailable`."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from services.key_registry.audit_trail.chain import Head
from services.key_registry.history.records import HistoryContent, HistoryHead, Position, StateRecord
from services.key_registry.ports.store import Writer
from shared.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Restore:
    """One restore that was found, as it is kept in the database. `at` is in seconds since the epoch.

    Positions in the change feed: the last one that the restored database had, the last one that was known, and the
    first one after it, since no position is given to two changes. Lines of the audit trail likewise.
    """

    at: float
    found_seq: int
    lost_seq: int
    resumed_seq: int
    found_audit_seq: int
    lost_audit_seq: int
    report: Mapping[str, Any]
    """`complete`: whether all that was lost is known. How many `objects` were stopped again, and what of people has
    `ended`, by what was done. `items`: the objects."""

    @property
    def lost_changes(self) -> int:
        return self.lost_seq - self.found_seq

    @property
    def lost_audit_lines(self) -> int:
        return self.lost_audit_seq - self.found_audit_seq


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """Where the database is: its feed, its audit trail, the restores that it knows of."""

    first_seq: int
    last: Position
    audit: Head
    marks: Mapping[int, str]
    """Of the positions that were asked about, as far as they are in the feed."""
    hashes: Mapping[int, bytes]
    """Of the audit lines that were asked about, as far as they are in the database."""
    restores: tuple[Restore, ...] = ()

    @property
    def head(self) -> HistoryHead:
        return HistoryHead(self.last, self.audit.seq, self.audit.hash)


class NothingValid(Unavailable):
    """A copy that nobody else can write to holds something, and nothing that this registry's keys verify."""


class HistoryCopy(Protocol):
    """One place outside the database. A record, or a head, of an earlier position never replaces a later one."""

    name: str

    async def head(self) -> HistoryHead | None:
        """None when it holds nothing of this history. Raises `NothingValid`."""
        ...

    async def load(self) -> HistoryContent | None:
        """All that it holds; None when it holds nothing of this history."""
        ...

    async def add(self, records: Sequence[StateRecord], head: HistoryHead) -> None:
        """Returns when all of it is kept."""
        ...

    async def clear(self) -> None:
        """Nothing that it holds is valid: set it aside, so that it stands in the way of nothing."""
        ...

    async def compact(self, now: float) -> None:
        """Leave out what concerns nobody, and the oldest of too many. Does nothing while it need not."""
        ...


class HistoryStore(Protocol):
    async def history(self) -> str:
        """The name of this history, given to it once."""
        ...

    async def state(self, heads: Sequence[HistoryHead]) -> DatabaseState:
        """With the marks and hashes that the database has where `heads` are."""
        ...

    async def changed_after(self, position: Position, limit: int) -> tuple[list[StateRecord], Position] | None:
        """How the objects are that changed after a position, and up to which; None: it is not in the feed."""
        ...

    async def audited(self, after: int, last: int, seq: int) -> list[StateRecord]:
        """How the people and webhooks are that the audit lines from one after `after` to `last` are about, as of
        the position `seq`."""
        ...

    async def all_stopped(self) -> tuple[list[StateRecord], Position]:
        """All objects that are stopped, or end by themselves, whenever that was; and all people and webhooks."""
        ...

    async def require_whole(self) -> None:
        """Raises `Unavailable` while the database is being restored: not all of its schema is there yet."""
        ...


class RecoveryWriter(Writer, Protocol):
    """The transaction in which a restored history is gone on with."""

    async def state(self, heads: Sequence[HistoryHead]) -> DatabaseState:
        """With the marks and hashes that the database has where `heads` are."""
        ...

    async def time(self) -> float:
        """Seconds since the epoch, by the database's clock: the process may not know that its own is wrong."""
        ...

    def go_on_after(self, seq: int) -> None:
        """Changes that are added have positions above this one."""
        ...

    async def keep_restore(self, restore: Restore) -> None: ...

    async def hold_person(
        self, id_: str, changed: float | None, status: str, at: datetime
    ) -> tuple[UUID | None] | None:
        """Give this status to one whose last change was before `changed`, in seconds since the epoch; None: any.

        The company; no tuple where there is no such person, or one that has this status already.
        """
        ...

    async def hold_webhook(self, id_: str, changed: float | None, at: datetime) -> tuple[UUID | None] | None:
        """The same of a webhook, which is disabled."""
        ...

    async def end_all_sessions(self, at: datetime) -> Mapping[str, int]:
        """How many sessions of each kind, open invitations and password resets have ended."""
        ...

    async def signing_kids(self) -> Sequence[str]:
        """Of the keys that may have signed a token that is alive, as the token issuer last reported them."""
        ...


class RecoveryStore(Protocol):
    def recovering(self) -> AbstractAsyncContextManager[RecoveryWriter]:
        """It may take its time. Raises `Unavailable`."""
        ...


class CopyProgress(Protocol):
    async def wait_for(self, seq: int) -> None:
        """Returns when the copies have the change at this position, as far as they respond."""
        ...
