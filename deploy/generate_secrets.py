"""`python -m deploy.generate_secrets DIR`: every secret of an installation, created once and never overwritten."""

import argparse
import base64
import json
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.private_files import write_private
from shared import opaque

SERVICES = (
    "gateway",
    "key_registry",
    "token_issuer",
    "session_tokens",
    "operator_validator",
    "sample_resources",
    "console",
)
"""Each has a key with which it proves to the others who calls."""


def generate_secrets(directory: Path) -> list[Path]:
    """Create what is missing in `directory` (mode 0700, files 0600), and return the files that were created.

    database_password  redis_password   of the stores
    master_key                          32 bytes, base64url: what signing keys are encrypted under
    webhook_key                         32 bytes, base64url: what secrets of webhooks are encrypted under
    admin_token                         of the first owner
    audit_key.pem                       Ed25519 private key: what checkpoints of the audit trail are signed with
    service_keys/<service>.pem          Ed25519 private keys
    service_keys.json                   their public halves, a JWKS with the service's name as kid
    """
    keys = directory / "service_keys"
    for folder in (directory, keys):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    wanted: dict[Path, Callable[[], str]] = {
        directory / "database_password": lambda: secrets.token_urlsafe(32),
        directory / "redis_password": lambda: secrets.token_urlsafe(32),
        directory / "master_key": _symmetric_key,
        directory / "webhook_key": _symmetric_key,
        directory / "admin_token": lambda: opaque.mint(opaque.ADMIN_TOKEN),
        directory / "audit_key.pem": _private_key,
        **{keys / f"{service}.pem": _private_key for service in SERVICES},
    }
    created = [path for path in wanted if not path.exists()]
    for path in created:
        write_private(path, wanted[path]() + "\n")
    public = directory / "service_keys.json"
    jwks = json.dumps({"keys": [_public_jwk(keys, service) for service in SERVICES]}, indent=2) + "\n"
    if not public.exists() or public.read_text(encoding="ascii") != jwks:
        write_private(public, jwks)
        created.append(public)
    return created


def _symmetric_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()


def _private_key() -> str:
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
        .rstrip()
    )


def _public_jwk(keys: Path, service: str) -> dict[str, str]:
    private = serialization.load_pem_private_key((keys / f"{service}.pem").read_bytes(), password=None)
    raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "kid": service, "use": "sig", "alg": "EdDSA", "x": x}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.generate_secrets",
        description="Create the secrets that are missing in a directory. What exists is never changed.",
    )
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args(argv).directory
    try:
        created = generate_secrets(directory)
    except OSError as error:
        parser.exit(2, f"cannot write to {directory}: {error.strerror}\n")
    sys.stdout.write(f"{directory}: {f'{len(created)} files created' if created else 'nothing was missing'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
