"""base64url without padding (RFC 7515 section 2), of which each value has exactly one spelling."""

import base64
import binascii

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_PADDING = (b"", b"", b"==", b"=")
# The bits of the last character that no byte uses must be zero, or two spellings would decode alike.
_CANONICAL_LAST = (b"", b"", b"AQgw", b"AEIMQUYcgkosw048")


def encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def decode(text: bytes) -> bytes:
    """The bytes that `text` stands for. Raises ValueError for every spelling but the canonical one."""
    if text.translate(None, ALPHABET):
        raise ValueError("holds a character outside the base64url alphabet")
    return decode_clean(text)


def decode_clean(text: bytes) -> bytes:
    """As `decode`, for text whose characters are known to be of the alphabet."""
    require_one_spelling(text)
    return decode_checked(text)


def require_one_spelling(text: bytes) -> None:
    """What is left to check of such text. Raises ValueError."""
    remainder = len(text) & 3
    if remainder == 1:
        raise ValueError("is cut off, or has a character too many: no base64url text has this length")
    if remainder and text[-1] not in _CANONICAL_LAST[remainder]:
        raise ValueError("is not canonical base64url: bits of its last character that encode no byte are not zero")


def decode_checked(text: bytes) -> bytes:
    """As `decode`, for text that would not be refused."""
    return binascii.a2b_base64(text.translate(_TO_STANDARD) + _PADDING[len(text) & 3])
