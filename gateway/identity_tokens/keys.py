"""The keys of identity tokens: made by each process for itself, or read from a file that several gateways share."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from shared.jose.errors import InvalidKey
from shared.jose.keys import (
    SigningKey,
    algorithms_for,
    generate_private_key,
    load_private_key,
    public_jwk,
    thumbprint,
)
from shared.jose.signer import Signer
from shared.settings.config import ConfigError

ALGORITHM = "ES256"
MAX_KEYS = 8
SETTING = "PASSGATE_IDENTITY_TOKEN_KEY_FILE"
_BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)


class IdentityKeys:
    """The first key signs; all of them are published, so that the next one is known before it signs."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        signers = [Signer(_kid(key), ALGORITHM, key) for key in keys]
        self.signer = signers[0]
        self._published = [signer.public_key for signer in signers]

    @classmethod
    def generated(cls) -> "IdentityKeys":
        """A key that is nowhere but in the memory of this process."""
        return cls([generate_private_key(ALGORITHM)])

    @classmethod
    def of_file(cls, path: Path) -> "IdentityKeys":
        """The P-256 private keys in a PEM file. Raises `ConfigError`, which quotes nothing of it."""
        try:
            blocks = [match[0] for match in _BLOCK.finditer(path.read_text(encoding="ascii"))]
            keys = [load_private_key(block) for block in blocks]
        except (OSError, ValueError, InvalidKey) as error:
            raise ConfigError(f"{SETTING}: {path}: {type(error).__name__}") from None
        if not 1 <= len(keys) <= MAX_KEYS or any(ALGORITHM not in algorithms_for(key) for key in keys):
            raise ConfigError(f"{SETTING}: {path}: must hold 1 to {MAX_KEYS} private keys of P-256, in PEM")
        return cls(keys)

    def jwks(self) -> dict[str, Any]:
        """The public halves (RFC 7517 section 5)."""
        return {"keys": [public_jwk(key.key, key.kid, key.algorithm) for key in self._published]}


def _kid(key: SigningKey) -> str:
    if not isinstance(key, EllipticCurvePrivateKey):
        raise TypeError("identity tokens are signed with a key of P-256")
    return thumbprint(public_jwk(key.public_key(), "", ALGORITHM))
