"""Private keys at rest: AES-256-GCM under the master key, each bound to its kid."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.config import read_secret
from shared.jose import base64url

VERSION = b"\x01"
NONCE_BYTES = 12
KEY_BYTES = 32


class CannotOpen(Exception):
    """What is sealed is not under this master key, not for this kid, or damaged: the three look alike."""


class MasterKey:
    """Seals and opens. It is never in the database, so a dump alone cannot sign."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"must be {KEY_BYTES} bytes")
        self._aead = AESGCM(key)

    @classmethod
    def from_file(cls, path: Path) -> "MasterKey":
        """The key that `path` holds as base64url. Raises `ValueError` naming the file, never its content."""
        try:
            return cls(base64url.decode(read_secret(path).rstrip("=").encode("ascii")))
        except ValueError as error:
            reason = str(error) if str(path) in str(error) else f"{path} must hold {KEY_BYTES} bytes as base64url"
            raise ValueError(reason) from None

    def seal(self, kid: str, secret: bytes) -> bytes:
        """One version byte, the nonce, then the ciphertext with its tag; `kid` is the associated data."""
        nonce = os.urandom(NONCE_BYTES)
        return VERSION + nonce + self._aead.encrypt(nonce, secret, kid.encode("ascii"))

    def open(self, kid: str, sealed: bytes) -> bytes:
        """Raises `CannotOpen`."""
        if sealed[:1] != VERSION:
            raise CannotOpen(f"unknown version of sealing: {sealed[:1].hex()}")
        nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return self._aead.decrypt(nonce, ciphertext, kid.encode("ascii"))
        except (InvalidTag, ValueError):
            raise CannotOpen("wrong master key, or not the key of this kid") from None
