"""Opaque secrets and public ids: `<prefix>_<random base62><CRC-32 in base62>`.

The prefix names the kind and lets a leak scanner find a secret; the checksum lets junk be refused
without a look-up. Neither is a secret, and neither proves anything.
"""

import hashlib
import re
import secrets
import zlib

API_TOKEN = "pgat"
ACCESS_KEY = "pgak"
API_CLIENT_SECRET = "pgcs"
ADMIN_TOKEN = "pgad"
PERSON_SESSION = "pgps"
INVITATION = "pgil"
PORTAL_LINK = "pgpl"
PASSWORD_RESET = "pgpr"
CREDENTIAL_PREFIXES = (API_TOKEN, ACCESS_KEY, API_CLIENT_SECRET, ADMIN_TOKEN)
"""Of what the registry keeps as objects; the others are people's."""
SECRET_PREFIXES = (*CREDENTIAL_PREFIXES, PERSON_SESSION, INVITATION, PORTAL_LINK, PASSWORD_RESET)

PENDING_SIGN_IN = "pgsi"
"""Sealed, lives for minutes and needs a code beside it: no leak of one is reported, but it is in no log."""

API_CLIENT_KEY = "pgck"
KEY_PAIR = "kp"
SIGNING_KEY = "sk"

RANDOM_CHARACTERS = 43
"""62**43 is just over 2**256."""
CHECKSUM_CHARACTERS = 6
MIN_CHARACTERS_TO_SHOW_FOUR = 20
ID_CHARACTERS = 22
"""62**22 is just under 2**131."""

BEGINNING = re.compile(rf"(?:{'|'.join((*SECRET_PREFIXES, PENDING_SIGN_IN))})(?:_|%5[Ff])[0-9A-Za-z_]*")
PATTERN = re.compile(BEGINNING.pattern.removesuffix("*") + "{8,}")
"""Whatever looks like a secret, or a piece of one, also percent-encoded or several in a row: for redaction."""

_CLAIMED = frozenset({*SECRET_PREFIXES, PENDING_SIGN_IN, API_CLIENT_KEY})
LONGEST_PREFIX = max(map(len, _CLAIMED))

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_WHOLE = re.compile(rf"(?:{'|'.join(SECRET_PREFIXES)})_[0-9A-Za-z]{{49}}(?![0-9A-Za-z])")
_BODY = re.compile(r"[0-9A-Za-z]+")
_SEALED = re.compile(r"(?:[0-9a-f]{2}){1,500}")


def mint(prefix: str) -> str:
    """A new secret with 256 random bits."""
    body = f"{prefix}_{_base62(secrets.randbelow(62**RANDOM_CHARACTERS), RANDOM_CHARACTERS)}"
    return body + _checksum(body)


def public_id(prefix: str) -> str:
    """A new id with 130 random bits, fit for URLs, Basic credentials and `kid`; not a secret."""
    return f"{prefix}_{_base62(secrets.randbelow(62**ID_CHARACTERS), ID_CHARACTERS)}"


def well_formed(prefix: str, text: str) -> bool:
    """Whether `text` has the form and checksum of a secret of this kind: if not, nothing need be looked up."""
    body = text[:-CHECKSUM_CHARACTERS]
    return _has_shape(prefix, text, RANDOM_CHARACTERS + CHECKSUM_CHARACTERS) and text == body + _checksum(body)


def sealed(prefix: str, content: bytes) -> str:
    """A secret that is kept by its holder alone: `<prefix>_<content in hex>`, where `content` is encrypted."""
    return f"{prefix}_{content.hex()}"


def content_of_sealed(prefix: str, text: str) -> bytes | None:
    """None for what has not the form of one of this kind."""
    head, _, body = text.partition("_")
    return bytes.fromhex(body) if head == prefix and _SEALED.fullmatch(body) else None


def well_formed_id(prefix: str, text: str) -> bool:
    return _has_shape(prefix, text, ID_CHARACTERS)


def claimed_prefix(text: str) -> str:
    """`pgat_` and the like, of what begins as a secret or a key of ours does, whole or not; "" of all else."""
    prefix, underscore, _ = text[: LONGEST_PREFIX + 1].partition("_")
    return f"{prefix}_" if underscore and prefix in _CLAIMED else ""


def of_another_kind(prefix: str, text: str) -> bool:
    """Whether by its beginning it is a secret or a key of ours, and not of the kind that is expected here."""
    return claimed_prefix(text) not in ("", f"{prefix}_")


def digest(text: str) -> bytes:
    """SHA-256 of a secret, 32 bytes: what is kept of it. Takes any text without raising."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def last_four(secret: str) -> str | None:
    """What may be shown of a secret for ever. None for one so short that this would help to guess the rest."""
    return secret[-4:] if len(secret) >= MIN_CHARACTERS_TO_SHOW_FOUR else None


def find_in(text: str) -> list[str]:
    """The whole secrets in `text`, by form and checksum, so that a scanner raises no false alarm."""
    return [found for found in _WHOLE.findall(text) if well_formed(found[:4], found)]


def _has_shape(prefix: str, text: str, characters: int) -> bool:
    start = len(prefix) + 1
    return (
        len(text) == start + characters
        and text.startswith(prefix + "_")
        and _BODY.fullmatch(text, start) is not None
    )


def _checksum(body: str) -> str:
    """Two digits at a time: it is worked out for each secret that is presented."""
    high, low = divmod(zlib.crc32(body.encode("ascii")), len(_PAIRS))
    high, middle = divmod(high, len(_PAIRS))
    return _PAIRS[high] + _PAIRS[middle] + _PAIRS[low]


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
