"""`python -m deploy.sign_assertion`: a signed JWT assertion, with which a partner requests an access token."""

import argparse
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

LIFETIME_S = 300
"""By default; the issuer accepts up to 3600."""
AUDIENCE = "ankor.io"


def sign_assertion(
    private_key: str,
    key_id: str,
    company_uri: str,
    scopes: Sequence[str],
    *,
    algorithm: str = "",
    audience: str = AUDIENCE,
    lifetime: int = LIFETIME_S,
) -> str:
    """The assertion for `POST /iam/oauth/token`, valid once: it carries a `jti`.

    `algorithm` is by default that of the key. Raises `ValueError` for what is no private key in PEM, and
    for an algorithm that is not of its kind.
    """
    possible = algorithms(private_key)
    if algorithm and algorithm not in possible:
        raise ValueError(f"the algorithm must be {' or '.join(possible)} for this key; got {algorithm}")
    now = int(time.time())
    claims = {
        "scopes": list(scopes),
        "iss": company_uri,
        "sub": company_uri,
        "aud": audience,
        "iat": now,
        "exp": now + lifetime,
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims, private_key, algorithm=algorithm or possible[0], headers={"kid": key_id})


def algorithms(private_key: str) -> tuple[str, ...]:
    """Those that a key can sign with, the default first. Raises `ValueError`; never with the key in it."""
    try:
        key = serialization.load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError):
        raise ValueError("it must be a private key in PEM, without a passphrase") from None
    if isinstance(key, RSAPrivateKey):
        return ("RS256", "RS384", "RS512")
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return ("ES256",)
    if isinstance(key, Ed25519PrivateKey):
        return ("EdDSA",)
    raise ValueError("it must be an RSA, a P-256 or an Ed25519 key")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.sign_assertion", description="Print a signed assertion."
    )
    parser.add_argument("--key-file", type=Path, required=True, help="the private key, PEM")
    parser.add_argument("--key-id", required=True, help="the key pair's kid")
    parser.add_argument("--company-uri", required=True, help="issuer and subject")
    parser.add_argument("--scope", action="append", required=True, help="may be given more than once")
    parser.add_argument(
        "--algorithm",
        choices=["RS256", "RS384", "RS512", "ES256", "EdDSA"],
        help="default: by the key, RS256 for RSA, ES256 for P-256, EdDSA for Ed25519",
    )
    parser.add_argument("--audience", default=AUDIENCE, help="aud (default: %(default)s)")
    parser.add_argument("--lifetime", type=int, default=LIFETIME_S, help="seconds (default: %(default)s)")
    given = parser.parse_args(argv)
    try:
        private_key = given.key_file.read_text(encoding="ascii")
        assertion = sign_assertion(
            private_key, given.key_id, given.company_uri, given.scope,
            algorithm=given.algorithm or "", audience=given.audience, lifetime=given.lifetime,
        )  # fmt: skip
    except OSError as error:
        parser.exit(2, f"cannot read {given.key_file}: {error.strerror}\n")
    except UnicodeDecodeError:
        parser.exit(2, f"cannot sign with {given.key_file}: it must be a private key in PEM\n")
    except (ValueError, jwt.PyJWTError) as error:
        parser.exit(2, f"cannot sign with {given.key_file}: {error}\n")
    sys.stdout.write(f"{assertion}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
