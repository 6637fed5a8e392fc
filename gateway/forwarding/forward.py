"""What becomes of a request: it is forwarded, exactly so, or refused."""

from collections.abc import Awaitable, Callable

from gateway.credentials.identity import Identity
from gateway.forwarding.repeated_call import RepeatedCall
from gateway.refused_calls.problems import Refusal
from gateway.routing.table import Route
from shared.limits.limited_call import LimitedCall


class Forward:
    """A request that is to be sent on, exactly so. Its body is the client's."""

    __slots__ = (
        "identity",
        "limits",
        "lines",
        "method",
        "repeatable_lines",
        "repeated_call",
        "route",
        "target",
    )

    def __init__(
        self,
        route: Route,
        method: str,
        target: str,
        lines: list[str],
        identity: Identity | None,
        *,
        repeatable_lines: list[str] | None = None,
        repeated_call: RepeatedCall | None = None,
        limits: LimitedCall | None = None,
    ) -> None:
        self.route = route
        self.method = method
        self.target = target
        self.lines = lines
        """Its header fields, Host first, all but those that frame the message: see `gateway.forwarding.headers`."""
        self.identity = identity
        self.repeatable_lines = repeatable_lines
        """Those of `lines` that are the same when the same request comes again: they contain no secret but the
        credential's own line, where that is passed on. None where it must be decided anew then."""
        self.repeated_call = repeated_call
        """The call that this one repeats, where one that is the same was forwarded before."""
        self.limits = limits
        """Those that apply to it, where there are any."""


Decision = Forward | Refusal
LookUp = Callable[[], Awaitable[Decision]]
"""What is left to be done when memory alone does not say it. Never raises for anything that a request may hold."""
