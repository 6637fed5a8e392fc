"""What arriving connections share: the TLS that is spoken, turns for handshakes, bounds and counts."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Protocol

import structlog

from gateway.edge.cause_counts import CauseCounts
from gateway.edge.ports import Addresses
from gateway.edge.proxy_header_reader import ProxyHeaderReader
from shared.waiting.turns import Turns

log = structlog.get_logger()

HANDSHAKES_PER_TURN = 2
"""Steps of handshakes, each up to some milliseconds of computing, before other connections have their turn."""
TOO_MANY_ARRIVING = "arriving_limit"
"""Cause: so many connections were arriving that the one that had taken the longest was closed."""


class ArrivingConnection(Protocol):
    socket_peer: str
    """The address of the other end."""
    peer: str
    """The client's address; "" while it is not known."""

    def shake_hands(self) -> None: ...

    def shed(self) -> None:
        """Close it, for others to arrive."""
        ...


class ArrivalMetrics(Protocol):
    def connection_refused(self, cause: str) -> None: ...

    def handshake_done(self, version: str) -> None: ...


class Arrivals:
    def __init__(
        self,
        context: Callable[[], ssl.SSLContext] | None,
        metrics: ArrivalMetrics,
        *,
        max_arriving: int,
        header_from: Addresses | None = None,
        client_of: Callable[[str], str] = str,
    ) -> None:
        """`context`: what TLS is spoken with on a connection that begins now; without it there is none.

        `header_from`: the addresses whose connections begin with a PROXY header. `client_of`: what counts as one
        client, of an address.
        """
        self.context = context
        self._header_from = header_from
        self._client_of = client_of
        self._metrics = metrics
        self._max_arriving = max_arriving
        self._arriving: dict[ArrivingConnection, None] = {}
        """In the order in which they came."""
        self._due: Turns[ArrivingConnection] = Turns()
        """Those for whose handshake something has been received."""
        self._turn_is_due = False
        self._causes = CauseCounts()

    def __len__(self) -> int:
        return len(self._arriving)

    def header_reader(self, address: str) -> ProxyHeaderReader | None:
        """For what a connection from there begins with; None where no connection begins with a PROXY header."""
        return None if self._header_from is None else ProxyHeaderReader(required=address in self._header_from)

    def came(self, arrival: ArrivingConnection) -> None:
        self._arriving[arrival] = None
        if len(self._arriving) > self._max_arriving:
            next(iter(self._arriving)).shed()

    def left(self, arrival: ArrivingConnection) -> None:
        """It has entered, or it is gone."""
        self._arriving.pop(arrival, None)

    def refused(self, arrival: ArrivingConnection, cause: str, detail: str = "") -> None:
        """It is closed for `cause`, one word of ours; `detail` is for the log."""
        self._metrics.connection_refused(cause)
        self._causes.note(cause, arrival.socket_peer, detail)

    def handshake_due(self, arrival: ArrivingConnection) -> None:
        """Call its `shake_hands` when it is its turn: clients have theirs one after the other."""
        self._due.add(self._client_of(arrival.peer), arrival)
        if not self._turn_is_due:
            self._turn_is_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def handshake_done(self, version: str) -> None:
        self._metrics.handshake_done(version)

    def sweep(self, now: float) -> None:
        """Log what was refused."""
        for noted in self._causes.due(now):
            log.warning(
                "connections.refused",
                cause=noted.cause,
                count=noted.count,
                last_peer=noted.last_peer,
                last_detail=noted.last_detail,
            )

    def _turn(self) -> None:
        try:
            for _ in range(min(HANDSHAKES_PER_TURN, len(self._due))):
                self._due.take().shake_hands()
        finally:  # a fault in one of them holds up no other
            self._turn_is_due = bool(self._due)
            if self._turn_is_due:
                asyncio.get_running_loop().call_soon(self._turn)
