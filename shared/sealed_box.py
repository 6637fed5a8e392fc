"""Bytes at rest: AES-256-GCM under one key, each bound to the context that it belongs to.

A sealed value is one version byte, the nonce, then the ciphertext with its tag.
"""

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.jose import base64url
from shared.settings.config import read_secret

KEY_BYTES = 32
NONCE_BYTES = 12
VERSION = b"\x01"
_SHA256 = SHA256()


class CannotOpen(Exception):
    """Another key, another context, or damaged: which of them it is cannot be known."""


def read_key(path: Path) -> bytes:
    """The key that a file holds as base64url. Raises `ValueError` naming the file, never its content."""
    try:
        key = base64url.decode(read_secret(path).rstrip("=").encode("ascii"))
    except ValueError as error:
        if str(path) in str(error):
            raise
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} must hold {KEY_BYTES} bytes as base64url")
    return key


class SealedBox:
    """Seals and opens under one key."""

    def __init__(self, key: bytes) -> None:
        """Raises ValueError unless `key` is `KEY_BYTES` long."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"must be {KEY_BYTES} bytes")
        self._aead = AESGCM(key)

    def __repr__(self) -> str:
        return "SealedBox()"

    @classmethod
    def derived(cls, secret: bytes, *, purpose: bytes, salt: bytes | None = None) -> "SealedBox":
        """Under a key that HKDF-SHA-256 (RFC 5869) makes of `secret`, which must not be guessable."""
        return cls(HKDF(_SHA256, KEY_BYTES, salt, purpose).derive(secret))

    def seal(self, secret: bytes, *, context: bytes) -> bytes:
        """`context` is not part of the result: whoever opens it must know it."""
        nonce = os.urandom(NONCE_BYTES)
        return VERSION + nonce + self._aead.encrypt(nonce, secret, context)

    def open(self, sealed: bytes, *, context: bytes, unversioned_too: bool = False) -> bytes:
        """Raises `CannotOpen`.

        `unversioned_too` is for what the first release sealed without a version byte: it is tried after the
        present form, since its nonce may begin with any byte.
        """
        if sealed.startswith(VERSION):
            try:
                return self._decrypt(sealed[len(VERSION) :], context)
            except CannotOpen:
                if not unversioned_too:
                    raise
        elif not unversioned_too:
            raise CannotOpen("unknown version")
        return self._decrypt(sealed, context)

    def _decrypt(self, sealed: bytes, context: bytes) -> bytes:
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise CannotOpen("another key or context, or damaged") from None
