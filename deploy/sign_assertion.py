"""`python -m deploy.sign_assertion`: a signed JWT assertion, as a partner makes one to ask for an access token."""

import argparse
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import jwt

LIFE = 300
"""Seconds, unless asked otherwise; the issuer accepts up to 3600."""


def sign_assertion(
    private_key: str,
    key_id: str,
    company_uri: str,
    scopes: Sequence[str],
    *,
    algorithm: str = "RS256",
    audience: str = "ankor.io",
    life: int = LIFE,
) -> str:
    """The assertion for `POST /iam/oauth/token`, good once: it carries a `jti`."""
    now = int(time.time())
    claims = {
        "scopes": list(scopes),
        "iss": company_uri,
        "sub": company_uri,
        "aud": audience,
        "iat": now,
        "exp": now + life,
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims, private_key, algorithm=algorithm, headers={"kid": key_id})


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.sign_assertion", description="Print a signed assertion."
    )
    parser.add_argument("--key-file", type=Path, required=True, help="the private key, PEM")
    parser.add_argument("--key-id", required=True, help="the key pair's kid")
    parser.add_argument("--company-uri", required=True, help="issuer and subject")
    parser.add_argument("--scope", action="append", required=True, help="may be given more than once")
    parser.add_argument("--algorithm", default="RS256", choices=["RS256", "RS384", "RS512", "ES256", "EdDSA"])
    parser.add_argument("--audience", default="ankor.io")
    parser.add_argument("--life", type=int, default=LIFE, help="seconds (default: %(default)s)")
    given = parser.parse_args(argv)
    try:
        private_key = given.key_file.read_text(encoding="ascii")
        assertion = sign_assertion(
            private_key, given.key_id, given.company_uri, given.scope,
            algorithm=given.algorithm, audience=given.audience, life=given.life,
        )  # fmt: skip
    except (OSError, ValueError, TypeError, jwt.PyJWTError) as error:
        parser.exit(2, f"cannot sign with {given.key_file}: {error}\n")
    sys.stdout.write(f"{assertion}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
