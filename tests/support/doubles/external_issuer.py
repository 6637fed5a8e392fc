"""Another issuer: its keys and tokens, and what a gateway's route file says of it."""

from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from gateway.routing.issuers.settings import ClaimMapping, ClaimPath, Constant, IssuerSettings
from shared.errors import Unavailable
from shared.jose.keys import generate_private_key, public_jwk
from shared.jose.signer import Signer

NOW = 1_800_000_000
SETTINGS = IssuerSettings(
    name="corp",
    issuer="https://id.corp.example",
    jwks_url="https://id.corp.example/jwks",
    audiences=frozenset({"orders", "invoices"}),
    algorithms=frozenset({"RS256", "ES256", "EdDSA"}),
    claims=ClaimMapping(company=ClaimPath(("org", "id"))),
)
CONSTANT_COMPANY = replace(SETTINGS.claims, company=Constant("acme"))
SIGNERS = {
    algorithm: Signer(f"{algorithm}-1", algorithm, generate_private_key(algorithm, bits))
    for algorithm, bits in (("RS256", 2048), ("ES256", None), ("EdDSA", None))
}


def jwk(signer: Signer, **changes: Any) -> dict[str, Any]:
    members = {**public_jwk(signer.public_key.key, signer.kid, signer.algorithm), **changes}
    return {name: value for name, value in members.items() if value is not None}


def document(*keys: dict[str, Any]) -> bytes:
    return orjson.dumps({"keys": keys})


def claims(now: float = NOW, **changes: Any) -> dict[str, Any]:
    members = {
        "iss": SETTINGS.issuer,
        "sub": "user-7",
        "aud": "orders",
        "iat": int(now),
        "exp": int(now) + 300,
        "scope": "orders:read openid",
        "org": {"id": "acme"},
        **changes,
    }
    return {name: value for name, value in members.items() if value is not None}


def token(signer: Signer = SIGNERS["ES256"], *, typ: str = "JWT", now: float = NOW, **changes: Any) -> str:
    return signer.sign(claims(now, **changes), typ)


@dataclass
class KeySets:
    """Stands in for the network: what is at each URL, and what was requested."""

    documents: dict[str, bytes] = field(default_factory=dict)
    requested: list[str] = field(default_factory=list)

    async def fetch(self, url: str) -> bytes:
        self.requested.append(url)
        if url not in self.documents:
            raise Unavailable(detail="no response")
        return self.documents[url]


class CountedFetches:
    """Stands in for the metrics of the gateway."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[str, bool]] = []
        self.ages: dict[str, float] = {}

    def issuer_keys_fetched(self, issuer: str, *, valid: bool) -> None:
        self.outcomes.append((issuer, valid))

    def issuer_key_ages(self, seconds: Any) -> None:
        self.ages = dict(seconds)
