"""JSON Web Keys (RFC 7517, 7518 section 6, 8037): public halves only, in and out."""

import hashlib
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

from shared.jose import base64url
from shared.jose.algorithms import VerifyingKey, accepted_names, algorithms_for, canonical_algorithm
from shared.jose.errors import InvalidKey
from shared.jose.key_checks import MAX_RSA_BITS, check_public_key, check_rsa_numbers

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_REQUIRED = {"RSA": ("e", "n"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_CONVERTED_AS = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}
"""What PyJWT is to read a key as; the algorithm that it is used with is not decided by this."""
MAX_MEMBER_CHARACTERS = 4 * MAX_RSA_BITS // 8
"""Of one number or coordinate: more than the largest modulus takes."""
_KINDS = "RSA, EC with crv P-256, or OKP with crv Ed25519"


def public_jwk(key: VerifyingKey, kid: str, algorithm: str) -> dict[str, str]:
    """The JWK of a public key, for a JWK Set. Raises TypeError for anything else, so never a private member."""
    return {**_members(key), "kid": kid, "alg": algorithm, "use": "sig"}


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The SHA-256 thumbprint of RFC 7638, base64url. Raises InvalidKey for a kty that has none here."""
    names = _REQUIRED.get(str(jwk.get("kty")))
    if names is None or not all(isinstance(jwk.get(name), str) for name in names):
        raise InvalidKey.field("kty", f"must be {_KINDS}")
    members = ",".join(f'"{name}":"{jwk[name]}"' for name in sorted((*names, "kty")))
    return base64url.encode(hashlib.sha256(f"{{{members}}}".encode()).digest()).decode()


def key_of_jwk(jwk: Mapping[str, Any], field: str) -> tuple[VerifyingKey, str | None]:
    """The key and the canonical name of its `alg`, if it names one.

    Raises InvalidKey; `kid` and unknown members are ignored.
    """
    if PRIVATE_MEMBERS & jwk.keys():
        raise InvalidKey.field(
            field, "holds a private or secret key: treat it as exposed and send only the public half"
        )
    if "keys" in jwk:
        raise InvalidKey.field(field, "is a JWK Set; send one key of it")
    kind = (jwk.get("kty"), jwk.get("crv"))
    if kind[0] == "RSA":
        key: VerifyingKey = _rsa(jwk, field)
    elif kind == ("EC", "P-256"):
        key = _p256(jwk, field)
    elif kind == ("OKP", "Ed25519"):
        _octets(jwk, "x", field, 32)
        key = _converted(jwk, field)
    else:
        raise InvalidKey.field(f"{field}.kty", f"must be {_KINDS}")
    return check_public_key(key, field), _stated_algorithm(jwk, key, field)


def _stated_algorithm(jwk: Mapping[str, Any], key: VerifyingKey, field: str) -> str | None:
    if jwk.get("use", "sig") != "sig":
        raise InvalidKey.field(f"{field}.use", "must be sig, or left out")
    if jwk.get("key_ops", ["verify"]) != ["verify"]:
        raise InvalidKey.field(f"{field}.key_ops", 'must be ["verify"], or left out')
    if "alg" not in jwk:
        return None
    stated = jwk["alg"]
    if not isinstance(stated, str) or canonical_algorithm(stated) not in algorithms_for(key):
        raise InvalidKey.field(f"{field}.alg", f"must be one of {accepted_names(key)} for this key")
    return canonical_algorithm(stated)


def _rsa(jwk: Mapping[str, Any], field: str) -> VerifyingKey:
    n, e = (_unsigned(jwk, name, field) for name in ("n", "e"))
    check_rsa_numbers(n, e, field)
    return _converted(jwk, field)


def _p256(jwk: Mapping[str, Any], field: str) -> VerifyingKey:
    for name in ("x", "y"):
        _octets(jwk, name, field, 32)
    return _converted(jwk, field)


def _converted(jwk: Mapping[str, Any], field: str) -> VerifyingKey:
    """The key, by PyJWT, once each of its members is known to be in its one form."""
    members = {name: jwk[name] for name in ("kty", *_REQUIRED[jwk["kty"]])}
    try:
        return PyJWK(members, algorithm=_CONVERTED_AS[jwk["kty"]]).key  # type: ignore[no-any-return]
    except (PyJWTError, ValueError):
        reason = "is not a point of P-256" if jwk["kty"] == "EC" else "is not a usable key"
        raise InvalidKey.field(field, reason) from None


def _unsigned(jwk: Mapping[str, Any], name: str, field: str) -> int:
    data = _octets(jwk, name, field)
    if not data or data[0] == 0:
        raise InvalidKey.field(f"{field}.{name}", "must be an unsigned integer without leading zero octets")
    return int.from_bytes(data)


def _octets(jwk: Mapping[str, Any], name: str, field: str, length: int | None = None) -> bytes:
    text = jwk.get(name)
    if not isinstance(text, str) or not text.isascii() or len(text) > MAX_MEMBER_CHARACTERS:
        raise InvalidKey.field(
            f"{field}.{name}", f"must be a base64url string of at most {MAX_MEMBER_CHARACTERS} characters"
        )
    try:
        data = base64url.decode(text.encode())
    except ValueError:
        raise InvalidKey.field(f"{field}.{name}", "must be base64url without padding") from None
    if length is not None and len(data) != length:
        raise InvalidKey.field(f"{field}.{name}", f"must be {length} octets long")
    return data


def _members(key: VerifyingKey) -> dict[str, str]:
    if isinstance(key, RSAPublicKey):
        members = RSAAlgorithm.to_jwk(key, as_dict=True)
    elif isinstance(key, EllipticCurvePublicKey) and algorithms_for(key):
        members = ECAlgorithm.to_jwk(key, as_dict=True)
    elif isinstance(key, Ed25519PublicKey):
        members = OKPAlgorithm.to_jwk(key, as_dict=True)
    else:
        raise TypeError(f"no public key for a JWK: {type(key).__name__}")
    return {name: members[name] for name in ("kty", *_REQUIRED[members["kty"]])}
