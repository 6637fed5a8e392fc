"""How many bodies of requests may be on their way from clients: of each client, of each upstream, and in all.

A body is collected as long as it is small, and then streamed. Where there are too many, the one that has been
collected for the longest time makes room: a body that comes as fast as others do is never the oldest for long. A
body that is streamed holds one of its upstream's connections. It is never cut, but there are so few of them that
each upstream keeps connections for the requests that are here as a whole.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

MAX_COLLECTED_BODIES = 4096
"""Of all clients together."""


class Body(Protocol):
    """The request that a body belongs to."""

    def shed(self) -> None:
        """End the request: its body has taken the longest."""


@dataclass(slots=True)
class _Client:
    collected: dict[Body, None] = field(default_factory=dict)
    """The oldest first."""
    streamed: Counter[str] = field(default_factory=Counter)
    """By upstream."""

    def __len__(self) -> int:
        return len(self.collected) + self.streamed.total()


class BodiesUnderWay:
    def __init__(self, per_client: int) -> None:
        self._per_client = per_client
        self._clients: dict[str, _Client] = {}
        self._collected: dict[Body, str] = {}
        """Whose each is; the oldest first."""
        self._streamed: dict[Body, tuple[str, str]] = {}
        """Whose each is, and its upstream."""
        self._streamed_to: Counter[str] = Counter()
        """By upstream."""

    def __len__(self) -> int:
        return len(self._collected) + len(self._streamed)

    def collect(self, body: Body, client: str) -> bool:
        """Whether it may come. It does so until `end`."""
        known = self._clients.get(client)
        if known is not None and len(known) >= self._per_client:
            if not known.collected:
                return False
            self._shed(next(iter(known.collected)))
        elif len(self._collected) >= MAX_COLLECTED_BODIES:
            self._shed(next(iter(self._collected)))
        self._clients.setdefault(client, _Client()).collected[body] = None
        self._collected[body] = client
        return True

    def stream(self, body: Body, upstream: str, connections: int) -> bool:
        """Whether one that is being collected may now take one of the upstream's so many connections.

        All that are streamed take at most three quarters of them, those of one client at most half of them.
        """
        client = self._collected[body]
        known = self._clients[client]
        if self._streamed_to[upstream] >= max(1, connections * 3 // 4):
            return False
        if known.streamed[upstream] >= max(1, connections // 2):
            return False
        del self._collected[body], known.collected[body]
        known.streamed[upstream] += 1
        self._streamed_to[upstream] += 1
        self._streamed[body] = (client, upstream)
        return True

    def end(self, body: Body) -> None:
        """All of it has come, or no more of it will."""
        if body in self._collected:
            client = self._collected.pop(body)
            del self._clients[client].collected[body]
        else:
            client, upstream = self._streamed.pop(body)
            self._clients[client].streamed[upstream] -= 1
            self._streamed_to[upstream] -= 1
        if not len(self._clients[client]):
            del self._clients[client]

    def _shed(self, body: Body) -> None:
        self.end(body)
        body.shed()
