"""The issuer's public key, as far as the benchmark tells of it."""

from collections.abc import Mapping
from typing import Any

from shared.jose import base64url


def modulus_bits(key: Mapping[str, Any]) -> int:
    """Of an RSA public JWK."""
    return int.from_bytes(base64url.decode(key["n"].encode())).bit_length()


def described(key: Mapping[str, Any]) -> str:
    """As in `RS384, 3072 bits`."""
    return f"{key['alg']}, {modulus_bits(key)} bits" if key["kty"] == "RSA" else str(key["alg"])
