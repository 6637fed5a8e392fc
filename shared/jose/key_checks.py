"""What a public key must be before it is trusted to verify anything."""

import math

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from shared.jose.algorithms import VerifyingKey, algorithms_for
from shared.jose.errors import InvalidKey

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
MIN_RSA_EXPONENT = 65537
MAX_RSA_EXPONENT = 2**32 - 1
"""The cost of a verification grows with the exponent: a partner's choice may at most double it."""

_SMALL_PRIMES = math.prod(n for n in range(3, 1000) if all(n % d for d in range(2, math.isqrt(n) + 1)))
# Curve25519's field and the constant of its Edwards form (RFC 8032 section 5.1).
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
# The y coordinates of the eight points of small order; under such a key anybody can sign anything.
_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset({0, 1, _P - 1, _ORDER_8, _P - _ORDER_8})


def check_public_key(key: object, field: str) -> VerifyingKey:
    """`key`, if it is of a kind and strength that is used here. Raises InvalidKey.

    cryptography itself refuses a P-256 point that is not on the curve when it loads one.
    """
    if isinstance(key, RSAPublicKey):
        _check_rsa(key, field)
    elif isinstance(key, Ed25519PublicKey):
        _check_ed25519(key, field)
    elif not algorithms_for(key):  # type: ignore[arg-type]
        raise InvalidKey.field(field, "must be an RSA, P-256 or Ed25519 key")
    return key  # type: ignore[return-value]


def check_rsa_numbers(n: int, e: int, field: str) -> None:
    """Raises InvalidKey for a modulus or exponent that is out of bounds or cannot be an honest one."""
    if not MIN_RSA_BITS <= n.bit_length() <= MAX_RSA_BITS:
        raise InvalidKey.field(
            field,
            f"is an RSA key of {n.bit_length()} bits; {MIN_RSA_BITS} to {MAX_RSA_BITS} are accepted",
        )
    if e % 2 == 0 or not MIN_RSA_EXPONENT <= e <= MAX_RSA_EXPONENT:
        raise InvalidKey.field(field, "has an unusual RSA exponent; use 65537")
    if n % 2 == 0 or math.gcd(n, _SMALL_PRIMES) != 1:
        raise InvalidKey.field(field, "has an RSA modulus with a small factor: it is not a usable key")


def _check_rsa(key: RSAPublicKey, field: str) -> None:
    numbers = key.public_numbers()
    check_rsa_numbers(numbers.n, numbers.e, field)


def _check_ed25519(key: Ed25519PublicKey, field: str) -> None:
    # OpenSSL takes any 32 bytes for an Ed25519 key, and finds out when it verifies.
    y = int.from_bytes(key.public_bytes_raw(), "little") & (2**255 - 1)
    x_squared = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P if y < _P else -1
    if x_squared < 0 or pow(x_squared, (_P - 1) // 2, _P) == _P - 1:
        raise InvalidKey.field(field, "is not a point of Ed25519")
    if y in _SMALL_ORDER:
        raise InvalidKey.field(field, "is an Ed25519 point of small order: it is not a usable key")
