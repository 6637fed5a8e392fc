"""Where calls to an upstream may go: one of its addresses, or one of several that a name in it stands for."""

from typing import TYPE_CHECKING, Protocol

from gateway.upstreams.address_health import AddressHealth
from gateway.upstreams.settings import Address

if TYPE_CHECKING:
    from gateway.proxy.upstream.connection import UpstreamConnection


class Owner(Protocol):
    """Whom the connections to an endpoint report to."""

    def responded(self, endpoint: "Endpoint") -> None:
        """While it is suspect: a response has begun."""

    def failed(
        self, endpoint: "Endpoint", cause: str, by: "UpstreamConnection | None" = None, caller: str = ""
    ) -> None:
        """No response has begun on the connection `by`; None where there was no connection.

        `caller` is whose request may be the reason; "" where it cannot be one.
        """


class Nobody:
    """Whom those report to whose calls say nothing about an upstream."""

    def responded(self, endpoint: "Endpoint") -> None: ...

    def failed(
        self, endpoint: "Endpoint", cause: str, by: "UpstreamConnection | None" = None, caller: str = ""
    ) -> None: ...


NOBODY = Nobody()


class Endpoint:
    """`gateway.upstreams.balance.Candidate`. Times are in seconds of the loop's clock."""

    __slots__ = (
        "address",
        "connecting",
        "credit",
        "health",
        "idle",
        "ip",
        "keep_idle",
        "opened",
        "owner",
        "preferred",
        "responded_at",
        "retired",
        "suspect",
        "weight",
    )

    def __init__(
        self, address: Address, ip: str, health: AddressHealth, *, owner: Owner = NOBODY, keep_idle: float = 0.0
    ) -> None:
        self.address = address
        self.ip = ip
        """What is connected to: one of those that the host of `address` stands for."""
        self.health = health
        self.owner = owner
        self.keep_idle = keep_idle
        """Seconds for which an unused connection is kept."""
        self.weight = float(address.weight)
        self.credit = 0.0
        self.preferred = True
        """Or is it used only where no preferred one is available?"""
        self.suspect = False
        """Whether the next response to come is to be reported."""
        self.responded_at = 0.0
        """When a response came that was not reported."""
        self.retired = False
        """Whether it is no address of the upstream any more: what is under way there ends, and nothing is begun."""
        self.idle: list[UpstreamConnection] = []
        """The one used last is the next to be used: what is not needed ends after `keep_idle`."""
        self.opened = 0
        """Connections, idle or not."""
        self.connecting = 0
        """Connections that are being opened."""

    @property
    def in_use(self) -> int:
        return self.opened - len(self.idle) + self.connecting

    @property
    def authority(self) -> str:
        """The IP address and the port, for logs."""
        return Address(self.ip, self.address.port).authority

    @property
    def place(self) -> str:
        """As people look for it: the address of the route file, and what a name in it stands for."""
        named = self.address.authority
        return named if self.address.host == self.ip else f"{named} ({self.ip})"

    def note_response(self) -> None:
        """A response has begun: where that is news, the owner gets to know."""
        if self.suspect:
            self.owner.responded(self)

    def retire(self) -> None:
        self.retired = True
        self.owner = NOBODY
        self.suspect = False
        self.keep_idle = 0.0
        self.drop_idle()

    def drop_idle(self) -> None:
        """End the connections that carry nothing."""
        for connection in list(self.idle):
            connection.abort()
