"""What becomes of a request: it is forwarded, exactly so, or refused."""

from collections.abc import Awaitable, Callable

from gateway.credentials.identity import Identity
from gateway.forwarding.repeated_call import RepeatedCall
from gateway.refused_calls.problems import Refusal
from gateway.routing.table import Route
from shared.limits.limited_call import LimitedCall


class Forward:
    """A request that is to be sent on, exactly so. Its body is the client's."""

    __slots__ = ("came_before", "identity", "limits", "lines", "method", "repeats", "route", "target")

    def __init__(
        self,
        route: Route,
        method: str,
        target: str,
        lines: list[str],
        identity: Identity | None,
        *,
        repeats: bool = False,
        came_before: RepeatedCall | None = None,
        limits: LimitedCall | None = None,
    ) -> None:
        self.route = route
        self.method = method
        self.target = target
        self.lines = lines
        """Its header fields, all but those that frame the message: see `gateway.forwarding.headers`."""
        self.identity = identity
        self.repeats = repeats
        """Whether all but the last of `lines` are the same when the same request comes again, and hold no secret
        but the credential's own line, where that is passed on."""
        self.came_before = came_before
        """What is known of the request, when it has come again."""
        self.limits = limits
        """Those that it is held to, where there are any."""


Decision = Forward | Refusal
LookUp = Callable[[], Awaitable[Decision]]
"""What is left to be done when memory alone does not say it. Never raises for anything that a request may hold."""
