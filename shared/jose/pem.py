"""Keys as PEM (RFC 7468): SubjectPublicKeyInfo and PKCS#8 out; PKCS#1 public keys too in."""

import re
import textwrap

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from shared.jose.algorithms import SigningKey, VerifyingKey
from shared.jose.errors import InvalidKey
from shared.jose.key_checks import check_public_key

_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_BLOCK = re.compile(r"-----BEGIN ((?:RSA )?PUBLIC KEY)-----([A-Za-z0-9+/=\s]*)-----END \1-----")


def private_pem(key: SigningKey) -> str:
    """Unencrypted PKCS#8."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: VerifyingKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def load_private_key(pem: str | bytes) -> SigningKey:
    """One of our own signing keys. Raises InvalidKey, which names nothing of the content.

    Takes tens of ms for RSA, which is checked whole: load once, not per request.
    """
    data = pem.encode() if isinstance(pem, str) else pem
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidKey.field("private_key", "must be an unencrypted private key in PEM") from None
    check_public_key(key.public_key(), "private_key")
    return key  # type: ignore[return-value]


def key_of_pem(text: str, field: str) -> VerifyingKey:
    """The public key in `text`. Raises InvalidKey; a private key has an error of its own.

    What is around the block is ignored (RFC 7468 section 2 allows explanatory text), and so is how its lines end,
    also as a literal `\\n`, which is what an .env file makes of them.
    """
    text = text.replace("\\r", "").replace("\\n", "\n")
    labels = _BEGIN.findall(text)
    if any("PRIVATE" in label for label in labels):
        raise InvalidKey.field(field, "holds a private key: treat it as exposed and send only the public half")
    if len(labels) != 1 or labels[0] not in ("PUBLIC KEY", "RSA PUBLIC KEY"):
        found = "a certificate; send its public key" if "CERTIFICATE" in labels else "no public key"
        found = found if len(labels) < 2 else f"{len(labels)} blocks"
        raise InvalidKey.field(field, f"must be one PEM block, BEGIN PUBLIC KEY, or a JWK; it holds {found}")
    block = _BLOCK.search(text)
    if block is None:
        reason = "holds something other than base64" if f"-----END {labels[0]}-----" in text else "has no END line"
        raise InvalidKey.field(field, f"is not a readable PEM public key: its block {reason}")
    label, body = block[1], "\n".join(textwrap.wrap("".join(block[2].split()), 64))
    try:
        key = load_pem_public_key(f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode("ascii"))
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidKey.field(
            field, "is not a readable PEM public key: its base64 is damaged or no public key"
        ) from None
    return check_public_key(key, field)
