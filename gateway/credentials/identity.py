"""Who calls: what a valid credential says of its holder, and what it depends on."""

from collections.abc import Collection
from typing import Final


class Identity:
    """A caller whose credential is valid. Every string is printable ASCII: it is written into header fields.

    A plain class, since each token has one: the `__init__` of a dataclass stays interpreted when it is compiled.
    """

    __slots__ = (
        "company",
        "company_id",
        "credential",
        "depends_on",
        "expires_at",
        "expiry_line",
        "issuer",
        "kind",
        "lines",
        "scopes",
        "subject",
        "version",
    )

    def __init__(
        self,
        kind: str,
        company: str,
        credential: str,
        subject: str,
        company_id: str,
        *,
        scopes: tuple[str, ...] = (),
        depends_on: Collection[str] = (),
        expires_at: float | None = None,
        issuer: str = "",
        version: int = 0,
        expiry_line: str = "",
        lines: str = "",
    ) -> None:
        self.kind: Final = kind
        """`api_token`, `api_client`, `key_pair`, `session_token` or `external_token`."""
        self.company: Final = company
        """The client_prefix; by another issuer's token `<issuer>|<company>`, as the next two are then."""
        self.credential: Final = credential
        """The credential's public id: a kid, a client key, an id of the registry."""
        self.subject: Final = subject
        self.company_id: Final = company_id
        """The registry's id of the company; "" where the registry knows none."""
        self.scopes: Final = scopes
        self.depends_on: Final = depends_on
        """Ids of the registry, a jti, a kid, each once: whichever of them is stopped stops this caller."""
        self.expires_at: Final = expires_at
        """Seconds since the epoch; None: never."""
        self.issuer: Final = issuer
        """The name of the issuer in the route file, of a token that is not of Passgate's own."""
        self.version: Final = version
        """Which secret of the credential it is, or was issued with; 0: none, or not known."""
        self.expiry_line: Final = expiry_line
        """The field of a response that says when the credential ends, if that is soon."""
        self.lines: Final = lines or self._lines()
        """The header fields by which an upstream learns who calls, with CRLF between them."""

    def _lines(self) -> str:
        lines = [
            f"X-Passgate-Company: {self.company}",
            f"X-Passgate-Credential: {self.credential}",
            f"X-Passgate-Credential-Kind: {self.kind}",
            f"X-Passgate-Subject: {self.subject}",
            f"X-Passgate-Scope: {' '.join(self.scopes)}",
        ]
        if self.issuer:
            lines.append(f"X-Passgate-Issuer: {self.issuer}")
        return "\r\n".join(lines)

    def by_token(self, jti: str, expires_at: float) -> "Identity":
        """The same caller by one token, which depends on its own id besides. All else is shared with this one."""
        others = self.depends_on
        return Identity(
            self.kind,
            self.company,
            self.credential,
            self.subject,
            self.company_id,
            scopes=self.scopes,
            depends_on=(jti, *others) if jti not in others else others,
            expires_at=expires_at,
            issuer=self.issuer,
            version=self.version,
            expiry_line=self.expiry_line,
            lines=self.lines,
        )
