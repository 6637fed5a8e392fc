"""The signature step of a JWS (RFC 7515 section 5): PyJWT's algorithms, over keys that are checked already.

The length and the range of a signature are checked here before: a value has one spelling (ADR 0013).
"""

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from jwt.algorithms import Algorithm, ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from shared.jose.algorithms import PublicKey, SigningKey

_ALGORITHMS: Mapping[str, Algorithm] = {
    "RS256": RSAAlgorithm(RSAAlgorithm.SHA256),
    "RS384": RSAAlgorithm(RSAAlgorithm.SHA384),
    "RS512": RSAAlgorithm(RSAAlgorithm.SHA512),
    "ES256": ECAlgorithm(ECAlgorithm.SHA256, SECP256R1),
    "EdDSA": OKPAlgorithm(),
}
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def sign(algorithm: str, key: SigningKey, signing_input: bytes) -> bytes:
    """`algorithm` by its canonical name, one that fits `key`."""
    return _ALGORITHMS[algorithm].sign(signing_input, key)


def is_signature(key: PublicKey, signature: bytes, signing_input: bytes) -> bool:
    """Whether `key` has signed `signing_input` so, by the key's own algorithm."""
    if not _has_the_one_form(key, signature):
        return False
    return _ALGORITHMS[key.algorithm].verify(signing_input, key.key, signature)


def _has_the_one_form(key: PublicKey, signature: bytes) -> bool:
    if len(signature) != key.signature_bytes:
        return False
    if key.algorithm != "ES256":
        return True
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    return 0 < r < _P256_ORDER and 0 < s < _P256_ORDER
