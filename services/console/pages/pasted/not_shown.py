"""What of a text that is no secret of ours by its form is not to be shown again, nor sent on."""

import re
from base64 import urlsafe_b64decode
from urllib.parse import unquote

from shared.logging.redaction import holds_secret
from shared.opaque import PATTERN

PRIVATE_KEY = "a private key"
WEBHOOK_SECRET = "the secret of a webhook"
SECRET = "a secret, or a piece of one"
JWT_AMONG_OTHERS = "a JWT with something else beside it, or a line break in it"

_JWT_BEGINNINGS = ("eyJ", "eyA", "ewo", "ew0")
"""A brace and a quote in base64, or a brace and a blank or a line break."""
_JWT = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){0,2}")
_WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9+/_-]{8,}")
_PEM = re.compile(r"PRIVATE[ +]KEY(?:[ +]BLOCK)?-----")
_PRIVATE_MEMBER = re.compile(r"(?<![\w-])(?:d|p|q|dp|dq|qi|k)[\\\"']*\s*:\s*[\\\"']*[A-Za-z0-9_+/=-]{8,}")
"""Of a JWK (RFC 7518 section 6), also cut off, escaped or without quotes."""
_JWK = re.compile(r"\bkty\b")
_DER = re.compile(r"\A0(?:[\x00-\x7f]|\x81.|\x82..)\x02\x01(?:\x00[\x02\x30]|\x01[\x04\x30])", re.DOTALL)
"""How a private key begins: a sequence, then its version, then what no certificate or public key has there
(RFC 5958, 5915, 8017 appendix A.1.2)."""
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{16,}")


def split_jwt(text: str) -> tuple[str, str]:
    """The JWT that a text begins with, whole or not ("" if with none), and what comes after it."""
    found = _JWT.match(text) if text.startswith(_JWT_BEGINNINGS) else None
    return (found[0], text[found.end() :]) if found else ("", text)


def what_is_not_shown(text: str) -> str:
    """Of a bare text that is not recognised as a secret of ours: what it is or holds, such as a private key.

    Empty of what may be shown, such as one JWT by itself, unless a secret is in its header or its claims.
    """
    jwt, rest = split_jwt(text)
    plain, content = unquote(rest), _decoded(jwt)
    if _holds_private_key(plain) or any(map(_is_private_key, (*content, *_decoded(plain)))):
        return PRIVATE_KEY
    if any(map(_WEBHOOK_SECRET.search, (text, plain, *content))):
        return WEBHOOK_SECRET
    values = [value for part in content for value in part.split('"')]  # each alone: `://a","x":"b@` is no password
    if PATTERN.search(text) or any(holds_secret(part, jwts=False) for part in (plain, *values)):
        return SECRET
    return JWT_AMONG_OTHERS if holds_secret(plain) else ""


def _holds_private_key(text: str) -> bool:
    return bool(_PEM.search(text) or _PRIVATE_MEMBER.search(text))


def _is_private_key(decoded: str) -> bool:
    """A claim may have the name of a private member: of what a JWT holds, it is one in a JWK alone."""
    if _PEM.search(decoded) or _DER.match(decoded):
        return True
    return bool(_JWK.search(decoded) and _PRIVATE_MEMBER.search(decoded))


def _decoded(text: str) -> list[str]:
    """Each run of base64 or base64url, as the characters that its bytes are."""
    runs = (run.replace("+", "-").replace("/", "_") for run in _BASE64_RUN.findall(text))
    return [urlsafe_b64decode(run[: len(run) // 4 * 4]).decode("latin-1") for run in runs]
