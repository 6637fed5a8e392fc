"""Reports of GitHub's secret scanning, as its partners get them: who has signed one, what it says, the response.

https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partner-program
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from services.key_registry.leaks.finding import MAX_SOURCE_CHARACTERS, MAX_URL_CHARACTERS
from services.key_registry.leaks.messages import MAX_FOUND, MAX_TEXT_CHARACTERS
from services.key_registry.leaks.reports import Judged
from shared.errors import Invalid

KEY_IDENTIFIER = "Github-Public-Key-Identifier"
SIGNATURE = "Github-Public-Key-Signature"
MAX_IDENTIFIER_CHARACTERS = 255
MAX_SIGNATURE_CHARACTERS = 200
"""Of Base64: a DER signature over P-256 has 72 bytes at most."""
ACTOR = "github"


@dataclass(frozen=True, slots=True)
class Alert:
    token: str
    type: str
    url: str
    source: str


def keys_of(document: bytes) -> Mapping[str, ec.EllipticCurvePublicKey]:
    """The keys by their identifiers. Raises `ValueError` for what is no list of keys; one of another kind is left
    out."""
    try:
        value = json.loads(document)
    except ValueError:
        raise ValueError("is not JSON") from None
    listed = value.get("public_keys") if isinstance(value, dict) else None
    if not isinstance(listed, list):
        raise ValueError("holds no public_keys")
    found = {}
    for entry in listed:
        key = _public_key(entry.get("key")) if isinstance(entry, dict) else None
        if key is not None and isinstance(entry.get("key_identifier"), str):
            found[entry["key_identifier"]] = key
    return found


def _public_key(pem: object) -> ec.EllipticCurvePublicKey | None:
    try:
        key = load_pem_public_key(pem.encode()) if isinstance(pem, str) else None
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1) else None


def signed_by(key: ec.EllipticCurvePublicKey, signature: str, body: bytes) -> bool:
    """Whether `signature` (Base64 of DER) is one over the body as it came: ECDSA over P-256 with SHA-256."""
    if len(signature) > MAX_SIGNATURE_CHARACTERS:
        return False
    try:
        key.verify(base64.b64decode(signature, validate=True), body, ec.ECDSA(SHA256()))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def alerts_in(body: bytes) -> list[Alert]:
    """Raises `Invalid` for what is no list of at most `MAX_FOUND` tokens. Unknown members are ignored."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid("the body is not valid JSON") from None
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_FOUND:
        raise Invalid(f"the body must be a list of 1 to {MAX_FOUND} tokens")
    return [_alert(entry) for entry in value]


def _alert(entry: Any) -> Alert:
    token = entry.get("token") if isinstance(entry, dict) else None
    if not isinstance(token, str) or not 1 <= len(token) <= MAX_TEXT_CHARACTERS:
        raise Invalid(f"each entry must have a token of 1 to {MAX_TEXT_CHARACTERS} characters")
    return Alert(
        token,
        _text(entry, "type", MAX_SOURCE_CHARACTERS),
        _text(entry, "url", MAX_URL_CHARACTERS),
        _text(entry, "source", MAX_SOURCE_CHARACTERS),
    )


def _text(entry: Mapping[str, Any], name: str, limit: int) -> str:
    value = entry.get(name)
    if not isinstance(value, str):
        return ""
    return value[:limit].replace("\0", "").encode("utf-8", "replace").decode()  # nothing that cannot be stored


def feedback(alerts: Sequence[Alert], judged: Sequence[Judged]) -> list[dict[str, str]]:
    """For each token that was looked at whether it was one. It is named by its SHA-256: no secret is sent back."""
    real = {each.index for each in judged if each.finding.real}
    left_out = {each.index for each in judged if each.finding.outcome == "left_out"} - real
    return [
        {
            "token_hash": hashlib.sha256(alert.token.encode("utf-8", "surrogatepass")).hexdigest(),
            "token_type": alert.type,
            "label": "true_positive" if index in real else "false_positive",
        }
        for index, alert in enumerate(alerts)
        if index not in left_out
    ]
