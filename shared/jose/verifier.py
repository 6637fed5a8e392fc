"""The one verifier of JWTs (RFC 7515, 7519, 8725): compact, signed, spelt in one way only.

The steps are apart so that a caller can order them: `parse`, look up the key, `check_signature`,
`check_claims`. Who may know the payload already takes `check_signature` in its halves, `signature_fault` and
`signed_payload`. Nothing of the payload is read before the signature holds, but for the issuer where a verifier has
keys of several (`unverified_issuer`). `verify` does all four.

ES256 signatures come in pairs, (r, s) and (r, n - s), and both are valid: what must happen once only
has to be remembered by `jti`, not by the token's bytes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import orjson

from shared import strict_json
from shared.identifiers import KID
from shared.jose import base64url, claims
from shared.jose.algorithms import PublicKey
from shared.jose.claims import Claims, Expectation
from shared.jose.errors import NOT_SIGNED, Fault, InvalidToken
from shared.jose.header import Header, part_named, read_header
from shared.jose.signatures import is_signature

__all__ = [
    "Claims",
    "Expectation",
    "Fault",
    "Header",
    "InvalidToken",
    "UnverifiedToken",
    "VerifiedPayload",
    "check_claims",
    "check_signature",
    "not_compact",
    "parse",
    "signature_error",
    "signature_fault",
    "signed_payload",
    "unknown_kid",
    "unverified_issuer",
    "verify",
]

MAX_TOKEN_BYTES = 16384
T = TypeVar("T")

_NOT_THREE_PARTS = "the token must be three parts of base64url, joined by dots"


class UnverifiedToken(NamedTuple):
    """A well-formed token. Only `header` has been read, and only to find the key with."""

    header: Header
    encoded_payload: bytes
    """In base64url, and well-formed."""
    signature: bytes
    signing_input: bytes

    @property
    def payload(self) -> bytes:
        """Decoded from base64url, not from JSON, and each time: of a forged token nobody wants it."""
        return base64url.decode_checked(self.encoded_payload)


@dataclass(frozen=True, slots=True)
class VerifiedPayload:
    """What the holder of the key has signed. The claims themselves are not checked yet."""

    header: Header
    members: dict[str, Any]


def verify(
    token: str | bytes,
    *,
    key_for: Callable[[str], PublicKey | None],
    expectation: Expectation,
    now: float,
) -> Claims:
    """The claims of a valid token. Raises InvalidToken, and nothing else, for every other input.

    `key_for` gets a kid that is safe to use as a name, and returns None when it knows no such active key.
    """
    unverified = parse(token)
    key = key_for(unverified.header.kid)
    if key is None:
        raise unknown_kid()
    return check_claims(check_signature(unverified, key), expectation, now)


def parse(
    token: str | bytes, *, max_bytes: int = MAX_TOKEN_BYTES, kid_form: re.Pattern[str] = KID
) -> UnverifiedToken:
    """Take a compact JWS apart. Raises InvalidToken when its form is wrong in any way.

    `kid_form` is another one for the keys of others: such a kid is safe to look up, but not to be used as a name.
    """
    header, payload, signature = split(token, max_bytes=max_bytes)
    parsed = read_header(header, kid_form)
    _checked("payload", payload, base64url.require_one_spelling)
    return UnverifiedToken(parsed, payload, decoded("signature", signature), b"%b.%b" % (header, payload))


def split(token: str | bytes, *, max_bytes: int = MAX_TOKEN_BYTES) -> tuple[bytes, bytes, bytes]:
    """The three parts of a compact JWS, none of them read. Raises InvalidToken when there are no such three."""
    if len(token) > max_bytes:
        raise _too_long(max_bytes)
    if isinstance(token, str):
        if not token.isascii():
            raise _not_three_parts(b"", b"")
        token = token.encode("ascii")
    others = token.translate(None, base64url.ALPHABET)
    if others != b"..":
        raise _not_three_parts(token, others)
    header, payload, signature = token.split(b".")
    if not header or not payload or not signature:
        raise InvalidToken(Fault.MALFORMED, "a part of the token is empty")
    return header, payload, signature


def not_compact(text: str) -> InvalidToken:
    """The error of `parse` for a text without three parts."""
    if len(text) > MAX_TOKEN_BYTES:
        return _too_long(MAX_TOKEN_BYTES)
    token = text.encode("ascii") if text.isascii() else b""
    return _not_three_parts(token, token.translate(None, base64url.ALPHABET))


def unverified_issuer(token: UnverifiedToken) -> str | None:
    """The `iss` that the token claims, None when it has none. Raises InvalidToken when the payload cannot be read.

    Anybody can have written it: it serves to choose whose keys the signature is checked with, and nothing else. So
    it is read fast and not strictly, which takes a twentieth of the time; what is signed is read strictly later.
    """
    try:
        members = orjson.loads(token.payload)
    except ValueError:
        raise InvalidToken(Fault.MALFORMED, f"{part_named('payload')} is not valid JSON") from None
    issuer = members.get("iss") if isinstance(members, dict) else None
    return issuer if isinstance(issuer, str) else None


def check_signature(token: UnverifiedToken, key: PublicKey) -> VerifiedPayload:
    """What `key` has signed. Raises InvalidToken when it has not, or with another algorithm than its own."""
    if (fault := signature_fault(token, key)) is not None:
        raise signature_error(fault)
    return signed_payload(token)


def signature_fault(token: UnverifiedToken, key: PublicKey) -> Fault | None:
    """The first half of `check_signature`, for who may know the payload. None: `key` has signed it.

    Returned, not raised: a flood is made of these, and an exception costs more with each frame that it passes.
    """
    if token.header.kid != key.kid:
        return Fault.UNKNOWN_KID
    if token.header.algorithm != key.algorithm:
        return Fault.ALGORITHM_NOT_ALLOWED
    if not is_signature(key, token.signature, token.signing_input):
        return Fault.BAD_SIGNATURE
    return None


def signed_payload(token: UnverifiedToken) -> VerifiedPayload:
    """The second half: the payload of a token whose signature holds. Raises InvalidToken when it cannot be read."""
    return VerifiedPayload(token.header, claim_members(token.payload))


def check_claims(payload: VerifiedPayload, expectation: Expectation, now: float) -> Claims:
    """The claims, if they are as expected at `now` (seconds since the epoch). Raises InvalidToken."""
    return claims.check_claims(payload.members, expectation, now, token_type=payload.header.type)


def signature_error(fault: Fault) -> InvalidToken:
    """The refusal for a `signature_fault`; reads alike for all of them."""
    return InvalidToken(fault, NOT_SIGNED)


def unknown_kid() -> InvalidToken:
    """The refusal of a kid that no active key has; reads like a bad signature."""
    return signature_error(Fault.UNKNOWN_KID)


def claim_members(payload: bytes) -> dict[str, Any]:
    """The claims in a payload, none of them checked. Raises InvalidToken when they cannot be read."""
    try:
        return strict_json.loads_object(payload)
    except ValueError as error:
        raise InvalidToken(Fault.MALFORMED, f"{part_named('payload')} {error}") from None


def decoded(part: str, text: bytes) -> bytes:
    """The bytes of one part, which `part` names in the error. Raises InvalidToken."""
    return _checked(part, text, base64url.decode_clean)


def _checked(part: str, text: bytes, check: Callable[[bytes], T]) -> T:
    try:
        return check(text)
    except ValueError as error:
        raise InvalidToken(Fault.MALFORMED, f"{part_named(part)} {error}") from None


def _too_long(max_bytes: int) -> InvalidToken:
    return InvalidToken(Fault.MALFORMED, f"the token is longer than {max_bytes} bytes")


def _not_three_parts(token: bytes, others: bytes) -> InvalidToken:
    """Says which of the usual slips it is, if it is one. `others`: its characters that are not of base64url."""
    if not others.strip(b".") and len(others) != 4:  # what strangers send in number is none of these
        return InvalidToken(Fault.MALFORMED, _NOT_THREE_PARTS)
    for found, reason in (
        (token.count(b".") == 4, "has five parts: it is encrypted (JWE), and must be signed"),
        (token.lstrip().startswith(b"{"), "is JSON, and must be the compact form: three parts joined by dots"),
        (token[:7].lower() == b"bearer ", "begins with the word Bearer, which belongs to the Authorization field"),
        (len(token.split()) > 1 or token != token.strip(), "holds white space, and a JWT has none"),
        (b"=" in token, "has base64 padding, which a JWT never has"),
        (b"+" in token or b"/" in token, "is base64, and must be base64url: - for +, _ for /"),
    ):
        if found:
            return InvalidToken(Fault.MALFORMED, f"the token {reason}")
    return InvalidToken(Fault.MALFORMED, _NOT_THREE_PARTS)
