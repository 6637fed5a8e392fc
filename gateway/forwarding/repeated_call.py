"""A call that comes again byte for byte, but for its id."""

from gateway.credentials.access_tokens import AccessTokens
from gateway.credentials.api_tokens import ApiTokenKey, ApiTokens
from gateway.credentials.identity import Identity
from gateway.credentials.session_cache import SessionCache
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.table import Route
from shared.errors import Unavailable
from shared.limits.limited_call import LimitedCall

REPEATED_KINDS = frozenset({CredentialKind.JWT, CredentialKind.API_TOKEN, CredentialKind.SESSION_TOKEN})
"""Of credential. What a session token stands for is found apart; one with a number of uses is used each time."""


class RepeatedCall:
    """A call that was forwarded. `lines`: its header fields but its credential and those that differ by call."""

    __slots__ = (
        "api_token",
        "from_proxy",
        "identity",
        "limits",
        "limits_as_of",
        "lines",
        "passes_credential",
        "report",
        "route",
        "session_token",
        "target",
    )

    def __init__(
        self,
        route: Route,
        target: str,
        lines: str,
        identity: Identity,
        *,
        api_token: ApiTokenKey | None = None,
        session_token: str | None = None,
        from_proxy: bool,
        passes_credential: bool = False,
    ) -> None:
        self.route = route
        self.target = target
        """With a session token the path alone: what the token stands for is not cached with it."""
        self.lines = lines
        self.identity = identity
        self.api_token = api_token
        """By which its API token is known; None where it came with another credential."""
        self.session_token = session_token
        """The id of its session token; None as above."""
        self.from_proxy = from_proxy
        """Whether it came from a trusted proxy."""
        self.passes_credential = passes_credential
        """Whether the upstream gets the credential itself."""
        self.limits: LimitedCall | None = None
        self.limits_as_of: object = None
        """The generation of the table that its limits are from."""
        self.report: object = None
        """What the reports of such calls have in common: a cache of `gateway.proxy.report`."""

    def resolved_target(self, sessions: SessionCache) -> str | None:
        """With what its session token stands for; None where the service has to be asked."""
        if self.session_token is None or self.route.merge_query:
            return None
        cached = sessions.find(self.session_token)
        if cached is None or cached.identity is not self.identity:
            return None
        return f"{self.target}?{cached.query}" if cached.query else self.target

    def credential_known(self, access_tokens: AccessTokens, api_tokens: ApiTokens) -> bool:
        """Whether what is known of its credential, but for what has been stopped, is known still.

        Nothing is by a clock that is known to be wrong: who decides about the call anew says so.
        """
        try:
            if self.api_token is None:
                return access_tokens.alive(self.identity)
            return api_tokens.known_by(self.api_token) is self.identity
        except Unavailable:
            return False
