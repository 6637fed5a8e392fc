"""Tokens made by hand, part by part, so that each may be wrong in one way only."""

import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from shared.jose import base64url
from shared.jose.algorithms import PublicKey
from shared.jose.claims import Expectation
from shared.jose.keys import SigningKey, generate_private_key
from shared.jose.signer import Signer

NOW = 1_800_000_000.0
EXPECTED = Expectation(
    issuers=frozenset({"https://blabla.example"}),
    audiences=frozenset({"passgate", "https://pass.example"}),
    subject="https://blabla.example",
    required=frozenset({"jti"}),
    leeway=30,
    max_lifetime=3600,
)
VALID: dict[str, Any] = {
    "iss": "https://blabla.example",
    "sub": "https://blabla.example",
    "aud": "passgate",
    "iat": int(NOW),
    "exp": int(NOW) + 3600,
    "jti": "6fd1a2",
    "scope": "website:read:*",
}

PRIVATE: dict[str, SigningKey] = {
    "rsa": generate_private_key("RS256", 2048),
    "p256": generate_private_key("ES256"),
    "ed": generate_private_key("EdDSA"),
    "stranger": generate_private_key("EdDSA"),
}
SIGNERS = {
    signer.kid: signer
    for signer in (
        *(Signer(f"kp_{name}", name, PRIVATE["rsa"]) for name in ("RS256", "RS384", "RS512")),
        Signer("kp_ES256", "ES256", PRIVATE["p256"]),
        Signer("kp_EdDSA", "EdDSA", PRIVATE["ed"]),
    )
}
KEYS: dict[str, PublicKey] = {kid: signer.public_key for kid, signer in SIGNERS.items()}
RSA: RSAPrivateKey = PRIVATE["rsa"]  # type: ignore[assignment]

Sign = Callable[[bytes], bytes]


def without(*names: str, **changes: Any) -> dict[str, Any]:
    """The good claims, some taken out and some changed."""
    return {name: value for name, value in {**VALID, **changes}.items() if name not in names}


def signature_of(algorithm: str) -> Sign:
    return SIGNERS[f"kp_{algorithm}"]._signature


def compact(
    header: dict[str, Any] | bytes | None = None,
    payload: dict[str, Any] | bytes | None = None,
    *,
    algorithm: str = "EdDSA",
    sign: Sign | None = None,
) -> bytes:
    """A token with a good signature over whatever stands in its first two parts, unless `sign` says otherwise."""
    if not isinstance(header, bytes):
        header = text({"alg": algorithm, "typ": "JWT", "kid": f"kp_{algorithm}", **(header or {})})
    payload = payload if isinstance(payload, bytes) else text(VALID if payload is None else payload)
    signing_input = base64url.encode(header) + b"." + base64url.encode(payload)
    return signing_input + b"." + base64url.encode((sign or signature_of(algorithm))(signing_input))


def signed_parts(header: bytes, payload: bytes) -> bytes:
    """A token over two segments that are spelt as given, with a good signature."""
    signing_input = header + b"." + payload
    return signing_input + b"." + base64url.encode(signature_of("EdDSA")(signing_input))


def text(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def with_claim(name: str, raw_json: str) -> bytes:
    """A token with one claim replaced by JSON as it is written here."""
    members = {key: json.dumps(value) for key, value in VALID.items()} | {name: raw_json}
    return compact(None, ("{" + ",".join(f'"{key}":{value}' for key, value in members.items()) + "}").encode())


def with_header(name: str, raw_json: str) -> bytes:
    members = {"alg": '"EdDSA"', "typ": '"JWT"', "kid": '"kp_EdDSA"', name: raw_json}
    return compact(("{" + ",".join(f'"{key}":{value}' for key, value in members.items()) + "}").encode())


def raw_rsa(encoded_message: bytes) -> bytes:
    """The private operation on a block that is made up: what `sign` never does."""
    numbers = RSA.private_numbers()
    number = int.from_bytes(encoded_message)
    return pow(number, numbers.d, numbers.public_numbers.n).to_bytes(256)
