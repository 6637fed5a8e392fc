"""Key pairs: generated here, or public halves that partners upload."""

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from shared import strict_json
from shared.identifiers import KID
from shared.jose.algorithms import (
    ACCEPTED_ALGORITHMS,
    PublicKey,
    SigningKey,
    VerifyingKey,
    accepted_names,
    algorithms_for,
    canonical_algorithm,
)
from shared.jose.errors import InvalidKey
from shared.jose.header import is_kid
from shared.jose.jwk import key_of_jwk, public_jwk, thumbprint
from shared.jose.pem import key_of_pem, load_private_key, private_pem, public_pem

__all__ = [
    "ACCEPTED_ALGORITHMS",
    "InvalidKey",
    "PublicKey",
    "SigningKey",
    "VerifyingKey",
    "algorithms_for",
    "generate_private_key",
    "load_jwks",
    "load_private_key",
    "load_public_key",
    "private_pem",
    "public_jwk",
    "public_pem",
    "thumbprint",
]

RSA_SIZES = (2048, 3072, 4096)
MAX_KEY_CHARACTERS = 16384


def generate_private_key(algorithm: str, bits: int | None = None) -> SigningKey:
    """A new private key; `bits` is for RSA alone (2048, 3072 or 4096; 3072 by default). Raises InvalidKey.

    RSA takes hundreds of ms, at 4096 bits seconds: call it in a thread, never on the event loop.
    """
    if algorithm not in ACCEPTED_ALGORITHMS:
        raise InvalidKey.field("algorithm", f"must be one of {', '.join(sorted(ACCEPTED_ALGORITHMS))}")
    algorithm = canonical_algorithm(algorithm)
    if algorithm.startswith("RS"):
        size = 3072 if bits is None else bits
        if size not in RSA_SIZES:
            raise InvalidKey.field("bits", f"must be one of {', '.join(map(str, RSA_SIZES))}")
        return rsa.generate_private_key(65537, size)
    if bits is not None:
        raise InvalidKey.field("bits", f"has no meaning for {algorithm}")
    return ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else ed25519.Ed25519PrivateKey.generate()


def load_public_key(
    pem_or_jwk: str | Mapping[str, Any],
    *,
    kid: str,
    algorithm: str | None = None,
    field: str = "public_key",
) -> PublicKey:
    """A partner's public key, checked for strength and shape. Raises InvalidKey naming `field` or its member.

    `pem_or_jwk` is PEM, a JWK as JSON, or a JWK. `algorithm` is what the record will say; left out,
    it is the JWK's `alg`, and failing that ES256, EdDSA or, for RSA, RS256. A JWK's own `kid` is ignored.
    """
    if isinstance(pem_or_jwk, str):
        if len(pem_or_jwk) > MAX_KEY_CHARACTERS:
            raise InvalidKey.field(field, f"is longer than {MAX_KEY_CHARACTERS} characters")
        pem_or_jwk = pem_or_jwk.removeprefix("\ufeff")
        if not pem_or_jwk.lstrip().startswith("{"):
            return _public_key(key_of_pem(pem_or_jwk, field), None, kid, algorithm)
        pem_or_jwk = _json(pem_or_jwk, field)
    if not isinstance(pem_or_jwk, Mapping):
        raise InvalidKey.field(field, "must be PEM or a JWK")
    return _public_key(*key_of_jwk(pem_or_jwk, field), kid, algorithm)


def load_jwks(document: str | bytes | Mapping[str, Any]) -> dict[str, PublicKey]:
    """The keys of a JWK Set of our own, by kid. Raises InvalidKey.

    Stricter than RFC 7517 requires of a set: every key names a kid, once, and an alg, and none is unknown.
    """
    content = document if isinstance(document, Mapping) else _json(document, "jwks")
    entries = content.get("keys")
    if not isinstance(entries, list):
        raise InvalidKey.field("jwks.keys", "must be a list")
    keys: dict[str, PublicKey] = {}
    for index, entry in enumerate(entries):
        field = f"jwks.keys[{index}]"
        if not isinstance(entry, Mapping) or "alg" not in entry:
            raise InvalidKey.field(field, "must be a JWK with an alg")
        kid = entry.get("kid")
        if not is_kid(kid) or kid in keys:
            raise InvalidKey.field(f"{field}.kid", f"must match {KID.pattern} and be the only one")
        keys[kid] = load_public_key(entry, kid=kid, field=field)
    return keys


def _public_key(key: VerifyingKey, stated: str | None, kid: str, algorithm: str | None) -> PublicKey:
    fitting = algorithms_for(key)
    chosen = canonical_algorithm(algorithm) if algorithm else stated or fitting[0]
    if chosen not in fitting:
        raise InvalidKey.field("algorithm", f"must be one of {accepted_names(key)} for this key")
    if stated not in (None, chosen):
        raise InvalidKey.field("algorithm", f"differs from the key's own alg, which is {stated}")
    return PublicKey(kid, chosen, key)


def _json(text: str | bytes, field: str) -> dict[str, Any]:
    try:
        return strict_json.loads_object(text.encode("utf-8") if isinstance(text, str) else text)
    except ValueError as error:
        reason = "is not UTF-8" if isinstance(error, UnicodeError) else str(error)
        raise InvalidKey.field(field, reason) from None
