"""What becomes of a request: it is forwarded, exactly so, or refused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.credentials.identity import Identity
from gateway.forwarding.repeated_call import RepeatedCall
from gateway.refused_calls.problems import Refusal
from gateway.routing.table import Route
from shared.limits.limited_call import LimitedCall


@dataclass(slots=True)
class Forward:
    """A request that is to be sent on, exactly so. Its body is the client's."""

    route: Route
    method: str
    target: str
    lines: list[str]
    """Its header fields, all but those that frame the message: see `gateway.forwarding.headers`."""
    identity: Identity | None
    repeats: bool = False
    """Whether all but the last of `lines` are the same when the same request comes again, and hold no secret but
    the credential's own line, where that is passed on."""
    came_before: RepeatedCall | None = None
    """What is known of the request, when it has come again."""
    limits: LimitedCall | None = None
    """Those that it is held to, where there are any."""


Decision = Forward | Refusal
LookUp = Callable[[], Awaitable[Decision]]
"""What is left to be done when memory alone does not say it. Never raises for anything that a request may hold."""
