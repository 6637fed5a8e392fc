"""What the route file says of another issuer."""

from dataclasses import dataclass

OWN_ISSUER = "passgate"
"""What a route calls Passgate's own issuer; no other can have this name."""


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value for every token."""

    value: str


@dataclass(frozen=True, slots=True)
class ClaimPath:
    """A claim: the names of members, from the outermost to the innermost."""

    members: tuple[str, ...]


ClaimSource = Constant | ClaimPath


@dataclass(frozen=True, slots=True)
class ClaimMapping:
    """Where the members of an identity come from."""

    company: ClaimSource
    subject: ClaimSource = ClaimPath(("sub",))
    scopes: ClaimSource = ClaimPath(("scope",))
    client: ClaimSource | None = None
    """The credential's public id; None: the subject is."""


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """Times are in seconds."""

    name: str
    """Unique in the route file, and the first part of whatever identifies a caller of this issuer."""
    issuer: str
    """`iss`, exactly."""
    jwks_url: str
    audiences: frozenset[str]
    """`aud` is, or holds, one of them."""
    algorithms: frozenset[str]
    """By their canonical names."""
    claims: ClaimMapping
    refresh_every: float = 300.0
    """Between two fetches of the key set in the background."""
    max_key_age: float = 86_400.0
    """For how long the key set is used without a successful fetch."""
