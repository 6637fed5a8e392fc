"""Who calls: what a good credential says of its holder, and what it hangs on."""

from dataclasses import dataclass

from gateway.routes import CredentialKind


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller whose credential is good. Every string is printable ASCII: it becomes a header field."""

    kind: str
    """`api_token`, `api_client`, `key_pair` or `session_token`."""
    company: str
    """The client_prefix."""
    credential: str
    """The credential's public id: a kid, a client key, an id of the registry."""
    subject: str
    scopes: tuple[str, ...] = ()
    depends_on: frozenset[str] = frozenset()
    """Ids of the registry, a jti, a kid: whichever of them is stopped stops this caller."""
    expires_at: float | None = None
    """Seconds since the epoch; None: never."""


class RefusedCredential(Exception):
    """A credential that is not good. `cause` is for our log: the caller is told nothing but that."""

    def __init__(
        self, kind: CredentialKind, cause: str, *, subject: str = "", company_id: str | None = None
    ) -> None:
        super().__init__(cause)
        self.kind = kind
        self.cause = cause
        self.subject = subject
        """The credential's public id, as far as it is known."""
        self.company_id = company_id
