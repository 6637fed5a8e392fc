"""Calls that come again byte for byte, but for their id: what was decided about them without what may change.

Most clients send the same few requests again and again. What follows from the bytes, the connection and the route
table alone is the same each time; whether the token has expired or been stopped since is not, and is not cached.
"""

from gateway.credentials.api_tokens import key_of_token
from gateway.credentials.extract import read_api_token, read_session_token
from gateway.edge.client_origin import Origin
from gateway.forwarding.forward import Forward
from gateway.forwarding.repeated_call import RepeatedCall
from gateway.http1.known_heads import cache_head
from gateway.http1.request_head import RequestHead
from gateway.routing.cache_by_table import CacheByTable
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.table import RouteTable
from shared.contracts.session_tokens import session_token_id

MAX_REPEATED_CALLS = 4096
_MAX_LINES_LENGTH = 2048
"""Characters of a call's header fields that are cached."""

Key = tuple[bytes, str, bool]


class RepeatedCalls:
    """Found by the SHA-256 of their heads: no secret is kept. Bounded, as everything that a client chooses."""

    def __init__(self) -> None:
        self._calls: CacheByTable[Key, RepeatedCall] = CacheByTable(MAX_REPEATED_CALLS)

    def __len__(self) -> int:
        return len(self._calls)

    def find(self, key: Key, table: RouteTable) -> RepeatedCall | None:
        """The call that came before with this `key`, if it was decided upon with this table."""
        return self._calls.find(key, table)

    def keep(self, key: Key | None, head: RequestHead, origin: Origin, forward: Forward, table: RouteTable) -> None:
        """Unless it must not be repeated: see `Forward.repeatable_lines`."""
        identity, route, repeatable = forward.identity, forward.route, forward.repeatable_lines
        if key is None or identity is None or repeatable is None:
            return
        credential = "" if head.credential is None else head.credential.line
        lines = "\r\n".join(line for line in repeatable if line != credential)
        if len(lines) > _MAX_LINES_LENGTH or not cache_head(head):
            return
        is_api_token = route.credential is CredentialKind.API_TOKEN
        is_session = route.credential is CredentialKind.SESSION_TOKEN
        call = RepeatedCall(
            route,
            forward.target.partition("?")[0] if is_session else forward.target,
            lines,
            identity,
            api_token=key_of_token(read_api_token(head), route.application) if is_api_token else None,
            session_token=session_token_id(read_session_token(head, None).token.lower()) if is_session else None,
            from_proxy=origin.trusted,
            passes_credential=credential in repeatable,
        )
        self._calls.put(key, call, table)


def key_of(head: RequestHead, origin: Origin) -> Key | None:
    """All that a decision about this head depends on, but the table and what is known; None: it is not cached."""
    return None if head.digest is None else (head.digest, origin.lines, origin.trusted)
