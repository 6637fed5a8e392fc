"""Who waits for one of an upstream's connections: the clients by turns, the calls of each in their order."""

from collections.abc import Iterator
from typing import Protocol

from gateway.proxy.ports import UpstreamFailed
from gateway.proxy.upstream.connection import UpstreamConnection

MAX_WAITING = 256
"""Requests that wait for one upstream; one more is refused at once."""
MAX_WAITING_PER_CLIENT = 128
"""Of these, requests of one client."""


class Requester(Protocol):
    """Who needs a connection: it gets one at once, or waits. Nothing here raises."""

    @property
    def client_key(self) -> str:
        """Whose call it is: a credential, or an address where there is none."""
        ...

    def connected(self, connection: UpstreamConnection) -> None: ...

    def upstream_failed(self, error: UpstreamFailed) -> None: ...


_NOBODY: dict[Requester, float] = {}


class Waiting:
    """Bounded in all and for each client: a flood of one takes neither the places nor the turns of others.

    Deadlines are in seconds of the loop's clock.
    """

    def __init__(self) -> None:
        self._queues: dict[str, dict[Requester, float]] = {}
        """Of each client, the one whose turn is next first: its calls in their order, and how long each waits."""
        self.client_of: dict[Requester, str] = {}
        """Of each that waits, its client."""
        self._fresh: dict[Requester, None] = {}
        """Those for which a connection is being opened that has served nobody yet."""

    def __len__(self) -> int:
        return len(self.client_of)

    def __iter__(self) -> Iterator[tuple[Requester, float]]:
        return (entry for queue in self._queues.values() for entry in queue.items())

    def add(
        self, requester: Requester, deadline: float, *, coming: int = 0, fresh: bool = False
    ) -> Requester | None:
        """Who does not wait: None; or `requester`; or one of the client with most calls, which has lost its place.

        `coming`: connections that are being opened. So many more may wait, since they wait for those. With `fresh`
        the requester waits for one of them, and for no connection that has served others.
        """
        client = requester.client_key
        queue = self._queues.get(client, _NOBODY)
        if len(queue) >= MAX_WAITING_PER_CLIENT + coming:
            return requester
        displaced = None
        if len(self.client_of) >= MAX_WAITING + coming:
            longest = max(self._queues.values(), key=len)
            if len(longest) <= len(queue) + 1:
                return requester
            displaced = next(reversed(longest))
            self.remove(displaced)
        self._queues.setdefault(client, {})[requester] = deadline
        self.client_of[requester] = client
        if fresh:
            self._fresh[requester] = None
        return displaced

    def extend(self, requester: Requester, deadline: float) -> None:
        """Let one that waits wait until then."""
        self._queues[self.client_of[requester]][requester] = deadline

    def next(self, *, used: bool = False) -> Requester | None:
        """Who gets a connection now; it waits no more. Then the next client has its turn.

        One that is not `used` yet is for those first who wait for no other.
        """
        if self._fresh:
            return self._next_besides_fresh() if used else self._take(next(iter(self._fresh)))
        client = next(iter(self._queues), None)
        return None if client is None else self._take(next(iter(self._queues[client])))

    def _next_besides_fresh(self) -> Requester | None:
        found = (requester for requester, _ in self if requester not in self._fresh)
        requester = next(found, None)
        return None if requester is None else self._take(requester)

    def _take(self, requester: Requester) -> Requester:
        client = self.client_of[requester]
        queue = self._queues.pop(client)
        del queue[requester], self.client_of[requester]
        self._fresh.pop(requester, None)
        if queue:
            self._queues[client] = queue
        return requester

    def remove(self, requester: Requester) -> bool:
        """Whether it waited."""
        client = self.client_of.pop(requester, None)
        if client is None:
            return False
        self._fresh.pop(requester, None)
        queue = self._queues[client]
        del queue[requester]
        if not queue:
            del self._queues[client]
        return True

    def expire(self, now: float) -> list[Requester]:
        """Those that have waited too long, which wait no more."""
        late = [requester for requester, deadline in self if deadline <= now]
        for requester in late:
            self.remove(requester)
        return late
