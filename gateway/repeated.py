"""Calls that come again byte for byte, but for their id: what was decided about them without what may change.

Most clients send the same few requests again and again. What follows from the bytes, the connection and the route
table alone is the same each time; whether the token has expired or been stopped since is not, and is not kept.
"""

from gateway.credentials.identity import Identity
from gateway.http1.kept import Kept
from gateway.http1.known_heads import keep_head
from gateway.http1.request_head import RequestHead
from gateway.origin import Origin
from gateway.routing.table import Route, RouteTable
from shared.limits.limited_call import LimitedCall

MAX_REPEATED_CALLS = 4096
_MAX_LINES_LENGTH = 2048
"""Characters of a call's header fields that are kept."""

Key = tuple[bytes, str, bool]


class RepeatedCall:
    """A call by JWT that was forwarded. `lines` are all of its header fields but those that differ by call."""

    __slots__ = ("from_proxy", "identity", "kept", "limits", "limits_as_of", "lines", "route", "table", "target")

    def __init__(
        self, table: RouteTable, route: Route, target: str, lines: str, identity: Identity, *, from_proxy: bool
    ) -> None:
        self.table = table
        self.route = route
        self.target = target
        self.lines = lines
        self.identity = identity
        self.from_proxy = from_proxy
        """Whether it came from a trusted proxy."""
        self.limits: LimitedCall | None = None
        self.limits_as_of: object = None
        """The generation of the table that its limits are from."""
        self.kept: object = None
        """For who reports such calls, to keep what is the same each time."""


class RepeatedCalls:
    """Found by the SHA-256 of their heads: no secret is kept. Bounded, as everything that a client chooses."""

    def __init__(self) -> None:
        self._calls: Kept[Key, RepeatedCall] = Kept(MAX_REPEATED_CALLS)

    def __len__(self) -> int:
        return len(self._calls)

    def find(self, key: Key, table: RouteTable) -> RepeatedCall | None:
        """The call that came before with this `key`, if it was decided upon with this table."""
        call = self._calls.get(key)
        return call if call is not None and call.table is table else None

    def keep(self, key: Key, head: RequestHead, call: RepeatedCall) -> None:
        if len(call.lines) <= _MAX_LINES_LENGTH and keep_head(head):
            self._calls.keep(key, call)


def key_of(head: RequestHead, origin: Origin) -> Key | None:
    """All that a decision about this head depends on, but the table and what is known; None where none is kept."""
    return None if head.digest is None else (head.digest, origin.lines, origin.trusted)
