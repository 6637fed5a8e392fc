"""Secrets and signatures as Standard Webhooks has them (https://www.standardwebhooks.com), version 1."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

SECRET_PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def shown_secret(secret: bytes) -> str:
    """As its receiver configures it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def signed_headers(id_: str, at: float, body: bytes, signing: Sequence[bytes]) -> dict[str, str]:
    """The headers of a delivery at `at`, seconds since the epoch: a signature for each secret, with spaces between.

    A receiver accepts what one of them verifies, so that its secret can be replaced while deliveries go on.
    """
    timestamp = str(int(at))
    content = b".".join((id_.encode("ascii"), timestamp.encode("ascii"), body))
    macs = (base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode() for secret in signing)
    return {
        "webhook-id": id_,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{mac}" for mac in macs),
    }
