"""One of the addresses of an upstream, and the connections to it."""

from typing import TYPE_CHECKING

from gateway.upstreams.settings import Address

if TYPE_CHECKING:
    from gateway.proxy.upstream.connection import UpstreamConnection


class Endpoint:
    """`gateway.upstreams.balance.Candidate`, with `gateway.proxy.upstream.pool` as its owner."""

    __slots__ = ("address", "connecting", "credit", "idle", "keep_idle", "opened", "weight")

    def __init__(self, address: Address, *, keep_idle: float) -> None:
        self.address = address
        self.weight = float(address.weight)
        self.credit = 0.0
        self.keep_idle = keep_idle
        """Seconds for which an unused connection is kept."""
        self.idle: list[UpstreamConnection] = []
        """The one used last is the next to be used: what is not needed ends after `keep_idle`."""
        self.opened = 0
        """Connections, idle or not."""
        self.connecting = 0
        """Connections that are being opened."""

    @property
    def in_use(self) -> int:
        return self.opened - len(self.idle) + self.connecting
