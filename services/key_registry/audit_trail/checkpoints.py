"""Checkpoints: what the end of the audit trail was at a time, signed, so that whoever keeps one can prove it later.

A compact JWS (RFC 7515) of type `audit-checkpoint+jwt`. Its claims: `iat`, `epoch` (the name of the history),
`count` (lines), `head` (the hash of the last one, in hex).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared import strict_json
from shared.identifiers import SHA256
from shared.jose.errors import InvalidKey
from shared.jose.header import AUDIT_CHECKPOINT
from shared.jose.keys import (
    PublicKey,
    SigningKey,
    algorithms_for,
    load_jwks,
    load_private_key,
    private_pem,
    public_jwk,
    thumbprint,
)
from shared.jose.signer import Signer
from shared.jose.verifier import InvalidToken, check_signature, parse, unknown_kid
from shared.settings.config import ConfigError

ALGORITHM = "EdDSA"
MAX_KEYS = 8
SETTING = "PASSGATE_AUDIT_KEY_FILE"
MAX_FILE_BYTES = 16 * 1024 * 1024
"""Of a file that is searched for checkpoints."""
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)
_JWS = re.compile(r"(?<![\w.-])[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}(?![\w.-])", re.ASCII)


class InvalidCheckpoint(Exception):
    """What is no checkpoint, or not signed by a known key; its text says which."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`at` is in seconds since the epoch of time; `epoch` is the name of the history."""

    count: int
    head: bytes
    at: int
    epoch: str


class CheckpointKeys:
    """The first key signs; all are published, so that what an earlier one has signed can still be verified."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        signers = [Signer(_kid(key), ALGORITHM, key) for key in keys]
        self._signer = signers[0]
        self._private = tuple(private_pem(key).encode() for key in keys)
        self.public: Mapping[str, PublicKey] = {signer.kid: signer.public_key for signer in signers}

    @classmethod
    def of_file(cls, path: Path) -> "CheckpointKeys":
        """The Ed25519 private keys in a PEM file. Raises `ConfigError`, which quotes nothing of it."""
        try:
            keys = [load_private_key(match[0]) for match in _PEM.finditer(path.read_text(encoding="ascii"))]
        except OSError as error:
            raise ConfigError(f"{SETTING}: {path}: cannot be read: {error.strerror}") from None
        except (ValueError, InvalidKey):
            raise ConfigError(f"{SETTING}: {path}: holds what is no private key in PEM") from None
        if not 1 <= len(keys) <= MAX_KEYS or any(ALGORITHM not in algorithms_for(key) for key in keys):
            raise ConfigError(f"{SETTING}: {path}: must hold 1 to {MAX_KEYS} private keys of Ed25519, in PEM")
        return cls(keys)

    def sign(self, checkpoint: Checkpoint) -> str:
        claims = {
            "iat": checkpoint.at,
            "epoch": checkpoint.epoch,
            "count": checkpoint.count,
            "head": checkpoint.head.hex(),
        }
        return self._signer.sign(claims, AUDIT_CHECKPOINT)

    def derived(self, purpose: str) -> tuple[bytes, ...]:
        """A secret key of 32 bytes for another purpose from each of the keys (HKDF, RFC 5869)."""
        info = f"passgate {purpose}".encode()
        return tuple(HKDF(hashes.SHA256(), 32, None, info).derive(pem) for pem in self._private)

    def jwks(self) -> dict[str, Any]:
        """The public halves (RFC 7517 section 5)."""
        return {"keys": [public_jwk(key.key, key.kid, key.algorithm) for key in self.public.values()]}


def read_checkpoint(jws: str, keys: Mapping[str, PublicKey] | None) -> Checkpoint:
    """What one of `keys` has signed; with None whatever it says, which proves nothing.

    Raises `InvalidCheckpoint`.
    """
    try:
        token = parse(jws)
        if token.header.type != AUDIT_CHECKPOINT:
            raise InvalidCheckpoint(f"its typ is not {AUDIT_CHECKPOINT}")
        if keys is None:
            return _of(strict_json.loads_object(token.payload))
        if (key := keys.get(token.header.kid)) is None:
            raise unknown_kid()
        return _of(check_signature(token, key).members)
    except InvalidToken as error:
        raise InvalidCheckpoint(error.description) from None
    except ValueError as error:
        raise InvalidCheckpoint(f"its payload {error}") from None


def checkpoints_in(path: Path, keys: Mapping[str, PublicKey]) -> list[Checkpoint]:
    """All checkpoints in a file: one a line, or in JSON as the admin API lists them.

    Raises `InvalidCheckpoint` when there is none, or one that is not signed by one of `keys`, and `OSError`.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InvalidCheckpoint(f"{path} is larger than {MAX_FILE_BYTES} bytes")
    found = list(dict.fromkeys(_JWS.findall(path.read_text(encoding="utf-8", errors="replace"))))
    if not found:
        raise InvalidCheckpoint(f"{path} holds no checkpoint")
    try:
        return [read_checkpoint(jws, keys) for jws in found]
    except InvalidCheckpoint as error:
        raise InvalidCheckpoint(f"{path}: {error}") from None


def published_keys(path: Path) -> Mapping[str, PublicKey]:
    """The public keys in a JWK Set, as the admin API publishes them. Raises `InvalidCheckpoint`, `OSError`."""
    try:
        return load_jwks(path.read_bytes())
    except InvalidKey as error:
        raise InvalidCheckpoint(f"{path}: {error}") from None


def _of(claims: Mapping[str, Any]) -> Checkpoint:
    count, head, at, epoch = (claims.get(name) for name in ("count", "head", "iat", "epoch"))
    if type(count) is not int or count < 0 or type(at) is not int or at < 0:
        raise InvalidCheckpoint("its count and iat must be whole numbers")
    if not isinstance(head, str) or SHA256.fullmatch(head) is None or not isinstance(epoch, str):
        raise InvalidCheckpoint("its head must be a SHA-256 in hex, and its epoch a string")
    return Checkpoint(count, bytes.fromhex(head), at, epoch)


def _kid(key: SigningKey) -> str:
    return thumbprint(public_jwk(key.public_key(), "", ALGORITHM))
