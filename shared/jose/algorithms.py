"""The signature algorithms that are used here, and the keys that fit them."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ec import (
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

RSA_ALGORITHMS = ("RS256", "RS384", "RS512")
ALGORITHMS = frozenset({*RSA_ALGORITHMS, "ES256", "EdDSA"})
"""Every algorithm that is used anywhere, by its canonical name (EdDSA is Ed25519 only)."""
_SYNONYMS = {"Ed25519": "EdDSA"}
ACCEPTED_ALGORITHMS = frozenset({*ALGORITHMS, *_SYNONYMS})
"""Every `alg` that is accepted anywhere: RFC 9864 calls by `Ed25519` what RFC 8037 calls EdDSA with such a key."""

_CURVE_SIGNATURE_BYTES = 64
"""Of ES256 (RFC 7518 section 3.4) and of Ed25519 (RFC 8032 section 5.1.6)."""

VerifyingKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
SigningKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked with.

    `algorithm` comes from the key's own record, and is the only one that the key is ever used with.
    """

    kid: str
    algorithm: str
    key: VerifyingKey
    signature_bytes: int = field(init=False, compare=False)
    """The length of every signature by this key."""

    def __post_init__(self) -> None:
        if self.algorithm not in algorithms_for(self.key):
            raise ValueError(f"{self.algorithm} is not an algorithm of this key")
        size = (self.key.key_size + 7) // 8 if isinstance(self.key, RSAPublicKey) else _CURVE_SIGNATURE_BYTES
        object.__setattr__(self, "signature_bytes", size)


def canonical_algorithm(name: str) -> str:
    """The name under which the algorithm is kept and compared here."""
    return _SYNONYMS.get(name, name)


def accepted_names(key: VerifyingKey | SigningKey) -> str:
    """For messages: what `alg` may be for `key`."""
    fitting = algorithms_for(key)
    return ", ".join(name for name in sorted(ACCEPTED_ALGORITHMS) if canonical_algorithm(name) in fitting)


def algorithms_for(key: VerifyingKey | SigningKey) -> tuple[str, ...]:
    """The algorithms that may be chosen for `key`, the usual one first; none for a key that is not used here."""
    if isinstance(key, (RSAPublicKey, RSAPrivateKey)):
        return RSA_ALGORITHMS
    if isinstance(key, (EllipticCurvePublicKey, EllipticCurvePrivateKey)):
        return ("ES256",) if key.curve.name == "secp256r1" else ()
    if isinstance(key, (Ed25519PublicKey, Ed25519PrivateKey)):
        return ("EdDSA",)
    return ()
