"""What a signature alone costs: the part of a token's price that no service can save."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from tests.bench.tokens.jwks import modulus_bits

MESSAGE = b"a" * 600
"""About what a token's header and claims are."""
BATCHES, BATCH = 8, 20


def microseconds(key: Mapping[str, Any]) -> float:
    """CPU time of one signature with a key like this public JWK; the minimum of some short batches."""
    sign = _signer(key)
    return min(_batch(sign) for _ in range(BATCHES))


def _batch(sign: Callable[[], object]) -> float:
    before = time.process_time()
    for _ in range(BATCH):
        sign()
    return (time.process_time() - before) / BATCH * 1e6


def _signer(key: Mapping[str, Any]) -> Callable[[], object]:
    if key["kty"] == "RSA":
        rsa_key = rsa.generate_private_key(65537, modulus_bits(key))
        digest = hashes.SHA384() if key["alg"] == "RS384" else hashes.SHA256()
        return lambda: rsa_key.sign(MESSAGE, padding.PKCS1v15(), digest)
    if key["kty"] == "EC":
        ec_key = ec.generate_private_key(ec.SECP256R1())
        return lambda: ec_key.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
    ed_key = ed25519.Ed25519PrivateKey.generate()
    return lambda: ed_key.sign(MESSAGE)
