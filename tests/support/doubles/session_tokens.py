"""Sessions in this process's memory: what tests of the rules use. Gone with the process."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.clock import Clock
from shared.contracts.key_registry import AuditEvent


@dataclass(slots=True)
class _Entry:
    sealed: bytes
    valid_until: float
    uses: int | None


class MemorySessionStore:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self.events: list[AuditEvent] = []
        """The outbox, which nobody empties."""
        self.fetched = 0

    async def put(self, id_: str, sealed: bytes, *, ttl: int, uses: int | None, event: AuditEvent) -> None:
        self.events.append(event)
        self._entries[id_] = _Entry(sealed, self._clock.monotonic() + ttl, uses)

    async def get(self, id_: str) -> bytes | None:
        self.fetched += 1
        entry = self._alive(id_)
        return None if entry is None else entry.sealed

    async def get_all(self, ids: Sequence[str]) -> Sequence[bytes | None]:
        return [await self.get(id_) for id_ in ids]

    async def take_use(self, id_: str) -> bool:
        entry = self._alive(id_)
        if entry is None or entry.uses is None:
            return False
        entry.uses -= 1
        if entry.uses == 0:
            del self._entries[id_]
        return True

    async def end(self, id_: str) -> bool:
        return self._entries.pop(id_, None) is not None

    async def ping(self) -> None:
        """It is always there."""

    def _alive(self, id_: str) -> _Entry | None:
        entry = self._entries.get(id_)
        if entry is not None and entry.valid_until <= self._clock.monotonic():
            del self._entries[id_]
            return None
        return entry
