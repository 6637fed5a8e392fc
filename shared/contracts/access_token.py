"""The access token: what the issuer writes into it, and what every verifier reads (RFC 9068 section 2.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, Self

from shared.identifiers import KID
from shared.jose.claims import Claims, Expectation
from shared.jose.errors import Fault, InvalidToken
from shared.scopes import InvalidScope, parse_scope_list

CredentialKind = Literal["api_client", "key_pair"]
TokenType = Literal["JWT", "at+jwt"]

MAX_ACCESS_TOKEN_LIFETIME_S: Final = 3600
"""Seconds from `iat` to `exp`. No issuer may be configured to exceed it, and no verifier accepts more."""
MAX_DEPENDENCIES: Final = 100
"""Ids in `depends_on`: the token has to fit into a header field."""

_LATEST: Final = 253402300799
"""The end of the year 9999, seconds since the epoch."""
_REQUIRED = frozenset(
    {"iss", "sub", "aud", "iat", "exp", "jti", "client_id", "client_prefix", "company_id", "credential_id"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTokenClaims:
    """The claims of one access token. Times are seconds since the epoch.

    The ids are the registry's: by them a verifier finds out, without a call, that the token is revoked.
    """

    iss: str
    sub: str
    """`<client_prefix>:<client key>` for an API client, the company's URI for a key pair."""
    aud: tuple[str, ...]
    iat: float
    exp: float
    jti: str
    client_id: str
    """The client's own id at the token endpoint: the API client's key; for a key pair the company's URI."""
    scope: str
    """Space-separated; may be empty."""
    client_prefix: str
    company_id: str
    credential_id: str
    credential_kind: CredentialKind
    key_id: str | None = None
    """The kid of the key pair; None for an API client."""
    credential_expires_at: float | None = None
    """When the credential ends, if that is soon."""
    depends_on: tuple[str, ...] = ()
    """At most `MAX_DEPENDENCIES` ids of bookings, of applications and of the client's secret that it was for.

    Whichever of them is stopped stops the token.
    """

    @classmethod
    def read(cls, claims: Claims) -> Self:
        """From claims that hold by `expectation`. Raises `InvalidToken` for a private claim that is malformed."""
        client_id, subject, prefix = (
            _text(claims, "client_id"),
            claims.subject or "",
            _text(claims, "client_prefix"),
        )
        if "credential_kind" in claims.members:
            kind = _kind(claims)
            key_id = _key_id(claims, kind)
        else:
            kind, client_id, key_id = _as_issued_by_0_1(client_id, subject, prefix)
        return cls(
            iss=claims.issuer or "",
            sub=subject,
            aud=claims.audiences,
            iat=claims.members["iat"],
            exp=claims.members["exp"],
            jti=claims.jti or "",
            client_id=client_id,
            scope=_scope(claims),
            client_prefix=prefix,
            company_id=_text(claims, "company_id"),
            credential_id=_text(claims, "credential_id"),
            credential_kind=kind,
            key_id=key_id,
            credential_expires_at=_credential_end(claims),
            depends_on=_dependencies(claims),
        )

    def members(self) -> dict[str, Any]:
        """The payload to be signed."""
        members: dict[str, Any] = {
            "iss": self.iss,
            "sub": self.sub,
            "aud": self.aud[0] if len(self.aud) == 1 else list(self.aud),
            "iat": self.iat,
            "exp": self.exp,
            "jti": self.jti,
            "client_id": self.client_id,
            "scope": self.scope,
            "client_prefix": self.client_prefix,
            "company_id": self.company_id,
            "credential_id": self.credential_id,
            "credential_kind": self.credential_kind,
        }
        if self.key_id is not None:
            members["key_id"] = self.key_id
        if self.credential_expires_at is not None:
            members["credential_expires_at"] = self.credential_expires_at
        if self.depends_on:
            members["depends_on"] = list(self.depends_on)
        return members

    @property
    def credential(self) -> str:
        """The public id of the credential: the API client's key, or the kid."""
        return self.client_id if self.key_id is None else self.key_id

    @property
    def scopes(self) -> tuple[str, ...]:
        return tuple(self.scope.split(" ")) if self.scope else ()

    @property
    def stopped_by(self) -> frozenset[str]:
        """The ids of which any one, once it is stopped, stops this token; the signing key's kid is one more."""
        return self.holder_ids | {self.jti}

    @property
    def holder_ids(self) -> frozenset[str]:
        """Of these, all but the token's own id."""
        return frozenset((self.credential_id, self.company_id, *self.depends_on))


def expectation(issuer: str, *, audiences: frozenset[str] = frozenset()) -> Expectation:
    """What `check_claims` must find before `AccessTokenClaims.read`, for the access tokens of `issuer`."""
    return Expectation(
        issuers=frozenset({issuer}),
        audiences=audiences,
        types=frozenset({"JWT", "at+jwt"}),
        required=_REQUIRED,
        max_lifetime=MAX_ACCESS_TOKEN_LIFETIME_S,
    )


def _as_issued_by_0_1(client_id: str, subject: str, prefix: str) -> tuple[CredentialKind, str, str | None]:
    """Kind, client_id and key_id of a token without `credential_kind`, whose `client_id` may be a kid.

    Needed for one token life after an upgrade; a later release may drop it.
    """
    if subject == f"{prefix}:{client_id}":
        return "api_client", client_id, None
    return "key_pair", subject, client_id


def _kind(claims: Claims) -> CredentialKind:
    kind: object = claims.members["credential_kind"]
    if kind == "api_client":
        return "api_client"
    if kind == "key_pair":
        return "key_pair"
    raise InvalidToken(Fault.INVALID_CLAIM, "credential_kind must be api_client or key_pair")


def _key_id(claims: Claims, kind: CredentialKind) -> str | None:
    key_id: object = claims.members.get("key_id")
    if kind == "api_client":
        if "key_id" in claims.members:
            raise InvalidToken(Fault.INVALID_CLAIM, "key_id is only for a key pair")
        return None
    if not isinstance(key_id, str) or KID.fullmatch(key_id) is None:
        raise InvalidToken(Fault.INVALID_CLAIM, f"key_id must match {KID.pattern}")
    return key_id


def _credential_end(claims: Claims) -> float | None:
    end: object = claims.members.get("credential_expires_at")
    if end is None:
        return None
    if not isinstance(end, int | float) or isinstance(end, bool) or not 0 <= end <= _LATEST:
        raise InvalidToken(Fault.INVALID_CLAIM, "credential_expires_at must be a time in seconds since the epoch")
    return end


def _text(claims: Claims, name: str) -> str:
    return claims.text(name) or ""


def _scope(claims: Claims) -> str:
    scope: object = claims.members.get("scope", "")
    try:
        return _known_scope(scope) if isinstance(scope, str) else _scope_text(scope)
    except InvalidScope:
        raise InvalidToken(Fault.INVALID_CLAIM, "scope must be a list of scopes") from None


def _scope_text(scope: object) -> str:
    return " ".join(parse_scope_list(scope))


_known_scope = lru_cache(maxsize=256)(_scope_text)
"""A client's tokens say the same, each time."""


def _dependencies(claims: Claims) -> tuple[str, ...]:
    members: Mapping[str, Any] = claims.members
    ids: object = members.get("depends_on", ())
    if (
        not isinstance(ids, (list, tuple))
        or len(ids) > MAX_DEPENDENCIES
        or not all(isinstance(id_, str) and KID.fullmatch(id_) for id_ in ids)
    ):
        raise InvalidToken(Fault.INVALID_CLAIM, f"depends_on must be a list of at most {MAX_DEPENDENCIES} ids")
    return tuple(ids)
