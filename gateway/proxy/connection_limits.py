"""The connections of clients, within bounds: in all, so that there are always descriptors left, and per peer."""

import heapq
import resource
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import structlog

from gateway.edge.cause_counts import CauseCounts
from shared.addresses.block import address_block
from shared.addresses.forwarded_for import TrustedProxies
from shared.waiting.sweep import sweep_each

log = structlog.get_logger()

RESERVED_DESCRIPTORS = 256
"""For files, logs, the operators' port and calls to our own services."""
UPSTREAM_SHARE = 0.25
"""Of all other descriptors, for connections to upstreams."""
PEER_SHARE = 0.75
"""Of all connections, for those of one peer, at most."""
SHED_SHARE = 0.9
"""Of all connections: where there are more, those that have been idle for the longest time are closed."""

LIMIT, PEER_LIMIT, IDLE = "limit", "peer_limit", "idle"
"""Causes: too many in all, too many of one peer, and idle when there were nearly too many."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Of one process."""

    connections: int
    connections_per_peer: int
    bodies_per_client: int

    def within_descriptors(self, descriptors: int) -> "ConnectionLimits":
        """These, or less where so many descriptors do not allow as many connections."""
        free = max(descriptors - RESERVED_DESCRIPTORS, descriptors // 2)
        connections = max(1, min(self.connections, int(free * (1 - UPSTREAM_SHARE))))
        per_peer = max(1, min(self.connections_per_peer, int(connections * PEER_SHARE)))
        return ConnectionLimits(connections, per_peer, self.bodies_per_client)


def descriptor_limit() -> int:
    """How many descriptors this process may have."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 2**31


class Connection(Protocol):
    peer: str
    """The address of the other end."""
    read_deadline: float

    @property
    def idle(self) -> bool:
        """Whether no request is under way."""
        ...

    def close_idle(self) -> None: ...

    def abort(self) -> None: ...


C = TypeVar("C", bound=Connection)


class ClientConnections(Generic[C]):
    """All that are open. `closed_early` is called with the cause of each that is closed for a bound."""

    def __init__(
        self,
        limits: ConnectionLimits,
        proxies: TrustedProxies,
        closed_early: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._limits = limits
        self._proxies = proxies
        self._closed_early = closed_early
        self._peers: dict[C, str] = {}
        """What each counts for: the address block of its peer, or "" where that is a trusted proxy."""
        self._count: Counter[str] = Counter()
        """By peer."""
        self._causes = CauseCounts()

    def __len__(self) -> int:
        return len(self._peers)

    def __iter__(self) -> Iterator[C]:
        return iter(list(self._peers))

    def add(self, connection: C) -> bool:
        """Whether it may stay. If not, the caller is to close it."""
        peer = "" if connection.peer in self._proxies else address_block(connection.peer)
        if len(self._peers) >= self._limits.connections:
            self._close_early(LIMIT, peer)
            return False
        if peer and self._count[peer] >= self._limits.connections_per_peer:
            self._close_early(PEER_LIMIT, peer)
            return False
        self._peers[connection] = peer
        self._count[peer] += 1
        return True

    def discard(self, connection: C) -> None:
        peer = self._peers.pop(connection, None)
        if peer is None:
            return
        self._count[peer] -= 1
        if not self._count[peer]:
            del self._count[peer]

    def sweep(self, now: float) -> None:
        """Shed idle connections where there are nearly too many, and log what was closed early."""
        excess = len(self._peers) - int(self._limits.connections * SHED_SHARE)
        if excess > 0:
            idle = (connection for connection in self._peers if connection.idle)
            longest = heapq.nsmallest(excess, idle, key=lambda connection: connection.read_deadline)
            sweep_each("idle_connections", longest, self._shed, lambda connection: connection.abort())
        for noted in self._causes.due(now):
            log.warning(
                "connections.closed_early",
                cause=noted.cause,
                count=noted.count,
                open=len(self._peers),
                last_peer=noted.last_peer,
            )

    def _shed(self, connection: C) -> None:
        self._close_early(IDLE, self._peers[connection])
        connection.close_idle()

    def _close_early(self, cause: str, peer: str) -> None:
        self._closed_early(cause)
        self._causes.note(cause, peer)
