"""What a follower of the changes needs, scripted by a test."""

from shared.contracts.key_registry import ORIGIN_MARK, Change, ChangePage, Snapshot, Stopped
from shared.errors import Unavailable


class ScriptedSource:
    """A registry's feed: a log of changes, which can be pruned, be away, and go on with another history."""

    def __init__(self) -> None:
        self.history = "first"
        self.log: list[Change] = []
        self.stopped: list[Stopped] = []
        self.pruned_to = 0
        self.away = False
        self.restored_at: float | None = None

    def add(self, id_: str) -> None:
        self.log.append(self.next(id_))

    def next(self, id_: str) -> Change:
        seq = self.last + 1
        mark = f"{self.history} {seq}"
        return Change(
            seq=seq, mark=mark, previous_mark=self.last_mark, kind="company", id=id_, status="suspended", at=0
        )

    def restore(self, position: int) -> None:
        """Lose all that came after a position: what comes next is of another history."""
        self.history = "other"
        del self.log[position:]

    @property
    def last(self) -> int:
        return self.log[-1].seq if self.log else 0

    @property
    def last_mark(self) -> str | None:
        return self.log[-1].mark if self.log else ORIGIN_MARK

    async def changes(self, after: int, *, mark: str | None = None, limit: int = 1000) -> ChangePage:
        if self.away:
            raise Unavailable
        found = tuple(c for c in self.log if c.seq > after)[:limit]
        marks = {0: ORIGIN_MARK, **{change.seq: change.mark for change in self.log}}
        gap = after < self.pruned_to or (mark is not None and mark != marks.get(after))
        found, restored_at = () if gap else found, self.restored_at
        return ChangePage(changes=found, last=self.last, last_mark=self.last_mark, gap=gap, restored_at=restored_at)

    async def snapshot(self) -> Snapshot:
        if self.away:
            raise Unavailable
        return Snapshot(as_of=self.last, mark=self.last_mark, stopped=tuple(self.stopped))


class ScriptedStream:
    """Gives what it is told to, a list at a time."""

    def __init__(self, *batches: list[Change]) -> None:
        self.batches = list(batches)

    async def read(self, after: int) -> list[Change]:
        if not self.batches:
            raise Unavailable
        return [c for c in self.batches.pop(0) if c.seq > after]

    async def stop(self) -> None: ...


class Recorder:
    def __init__(self) -> None:
        self.resets = 0
        self.applied: list[str] = []

    def reset(self, snapshot: Snapshot) -> None:
        self.resets += 1

    def apply(self, change: Change) -> None:
        self.applied.append(change.id)
