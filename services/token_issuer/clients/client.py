"""Who requests a token, once that is known."""

from dataclasses import dataclass
from typing import Self

from services.token_issuer.oauth_errors import Subject
from shared.audit.stopped import stopped_object
from shared.contracts.access_token import AccessTokenClaims, CredentialKind
from shared.contracts.key_registry import ApiClient, Booking, ClientSecret, KeyPair, ScopedRecord, earliest
from shared.identifiers import credential_version_id

EXPIRED = "expired"
"""Why a credential gets nothing once it has ended by itself."""


@dataclass(frozen=True, slots=True)
class Client:
    """A company's credential as OAuth sees it.

    An API client is a client of its own. All key pairs of a company are one client, the company, whose id is
    its URI: the kid only says which key signed.
    """

    kind: CredentialKind
    client_id: str
    """At the endpoints and in the `client_id` claim: the API client's key, or the company's URI."""
    public_id: str
    """The credential's: the API client's key, or the kid."""
    subject: str
    credential_id: str
    company_id: str
    client_prefix: str
    scopes: frozenset[str]
    audience: str | None = None
    bookings: tuple[Booking, ...] = ()
    """Those of the company."""
    ends_at: float | None = None
    """When the credential ends, or the secret that proved it; seconds since the epoch. None: never."""
    expires_at: float | None = None
    """When the credential ends: nothing that is issued to it outlives it."""
    version: int | None = None
    """Which secret of the API client proved it; None where none did."""

    @classmethod
    def of_api_client(cls, record: ApiClient, secret: ClientSecret | None = None) -> Self:
        return cls(
            kind="api_client",
            client_id=record.key,
            public_id=record.key,
            subject=f"{record.company.client_prefix}:{record.key}",
            credential_id=record.id,
            company_id=record.company.id,
            client_prefix=record.company.client_prefix,
            scopes=frozenset(record.scopes),
            audience=record.audience,
            bookings=record.bookings,
            ends_at=earliest(record.expires_at, None if secret is None else secret.retires_at),
            expires_at=record.expires_at,
            version=None if secret is None else secret.version,
        )

    @classmethod
    def of_key_pair(cls, record: KeyPair) -> Self:
        return cls(
            kind="key_pair",
            client_id=record.company.company_uri,
            public_id=record.kid,
            subject=record.company.company_uri,
            credential_id=record.id,
            company_id=record.company.id,
            client_prefix=record.company.client_prefix,
            scopes=frozenset(record.scopes),
            bookings=record.bookings,
            ends_at=record.ends_at,
            expires_at=record.expires_at,
        )

    def was_issued(self, claims: AccessTokenClaims) -> bool:
        """Whether the token with these claims was issued to this very client."""
        return (claims.company_id, claims.client_id) == (self.company_id, self.client_id)

    @property
    def depends_on(self) -> frozenset[str]:
        """What of the credential a token depends on, beside the credential itself: the secret that it was for."""
        if self.version is None:
            return frozenset()
        return frozenset({credential_version_id(self.credential_id, self.version)})

    @property
    def audited(self) -> Subject:
        return self.refused_for(None)

    def refused_for(self, cause: str | None) -> Subject:
        """`cause`: as of `stopped`, or how the secret that was presented has ended."""
        version = self.version or 0
        ended = stopped_object(cause or "", self.kind, self.credential_id, version=version, company=self.company_id)
        return Subject(self.kind, self.public_id, self.company_id, version, ended)


def stopped(record: ScopedRecord, now: float) -> str | None:
    """Why a credential gets nothing now ("suspended", "company_revoked" and so on); None when it is active."""
    if record.status != "active":
        return record.status
    if record.expired(now):
        return EXPIRED
    if isinstance(record, KeyPair) and record.retires_at is not None and record.retires_at <= now:
        return "succeeded"
    if record.company.status != "active":
        return f"company_{record.company.status}"
    return None
