"""Private keys that were found in a text: which public key each is the other half of.

What names a public key and holds no private part of it that fits is nobody's: a public key is known to many. So the
public key is computed from the private part alone.
"""

import json
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from shared.jose import base64url
from shared.jose.algorithms import VerifyingKey
from shared.jose.errors import InvalidKey
from shared.jose.jwk import MAX_MEMBER_CHARACTERS, public_jwk, thumbprint
from shared.jose.key_checks import check_public_key

_PEM = re.compile(r"-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----[A-Za-z0-9+/=\s]*-----END \1-----")
_OBJECT = re.compile(r"\{[^{}]*+\}")
MAX_CHARACTERS = 16_384


def private_keys_in(text: str) -> list[str]:
    """What has the form of an unencrypted private key, PEM or JWK, also where a line ends with a literal `\\n`."""
    lines = text.replace("\\r", "").replace("\\n", "\n")
    objects = _OBJECT.findall(text.replace('\\"', '"'))
    found = [match[0] for match in _PEM.finditer(lines)] + [each for each in objects if '"kty"' in each]
    return [key for key in found if len(key) <= MAX_CHARACTERS]


def public_half_of(found: str) -> bytes | None:
    """The SHA-256 thumbprint (RFC 7638) of the public key; None for what is no private key of a kind used here.

    Cheap whatever it holds: an RSA key's primes are multiplied, not checked. A JWK of an RSA key needs `p` and `q`.
    """
    try:
        key = _of_jwk(found) if found.startswith("{") else _of_pem(found)
        public = public_jwk(check_public_key(key, "private_key"), "", "")
    except (InvalidKey, ValueError, TypeError, KeyError, UnsupportedAlgorithm, RecursionError):
        return None
    return base64url.decode(thumbprint(public).encode())


def _of_pem(text: str) -> VerifyingKey:
    begin, body, end = re.split(r"(?<=[A-Z]-----)|(?=-----END)", text, maxsplit=2)
    lines = "\n".join(textwrap.wrap("".join(body.split()), 64))
    pem = f"{begin}\n{lines}\n{end}\n".encode("ascii")
    key = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    if isinstance(key, RSAPrivateKey):
        numbers = key.private_numbers()
        return _of_primes(numbers.p, numbers.q, numbers.public_numbers.e)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _of_scalar(key.private_numbers().private_value, key.curve)
    if isinstance(key, Ed25519PrivateKey):
        return key.public_key()
    raise TypeError


def _of_jwk(text: str) -> VerifyingKey:
    jwk = json.loads(text)
    if jwk["kty"] == "RSA":
        return _of_primes(*(int.from_bytes(_octets(jwk, name)) for name in ("p", "q", "e")))
    if (jwk["kty"], jwk["crv"]) == ("EC", "P-256"):
        return _of_scalar(int.from_bytes(_octets(jwk, "d")), ec.SECP256R1())
    if (jwk["kty"], jwk["crv"]) == ("OKP", "Ed25519"):
        return Ed25519PrivateKey.from_private_bytes(_octets(jwk, "d")).public_key()
    raise ValueError


def _octets(jwk: Mapping[str, Any], name: str) -> bytes:
    text = jwk[name]
    if not isinstance(text, str) or len(text) > MAX_MEMBER_CHARACTERS:
        raise ValueError
    return base64url.decode(text.encode())


def _of_primes(p: int, q: int, e: int) -> VerifyingKey:
    """Whoever knows two factors of the modulus has the private key; 1 is none."""
    if min(p, q) < 2:
        raise ValueError
    return RSAPublicNumbers(e, p * q).public_key()


def _of_scalar(scalar: int, curve: ec.EllipticCurve) -> VerifyingKey:
    return ec.derive_private_key(scalar, curve).public_key()
