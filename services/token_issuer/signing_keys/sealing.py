"""Private keys at rest: sealed under the master key, each bound to its kid."""

from pathlib import Path

from shared.config import read_secret
from shared.jose import base64url
from shared.sealed_box import KEY_BYTES, SealedBox


class MasterKey:
    """Seals and opens. It is never in the database, so a dump alone cannot sign."""

    def __init__(self, key: bytes) -> None:
        """Raises ValueError for a key of another length than `KEY_BYTES`."""
        self._box = SealedBox(key)

    @classmethod
    def from_file(cls, path: Path) -> "MasterKey":
        """The key that `path` holds as base64url. Raises `ValueError` naming the file, never its content."""
        try:
            return cls(base64url.decode(read_secret(path).rstrip("=").encode("ascii")))
        except ValueError as error:
            reason = str(error) if str(path) in str(error) else f"{path} must hold {KEY_BYTES} bytes as base64url"
            raise ValueError(reason) from None

    def seal(self, kid: str, secret: bytes) -> bytes:
        return self._box.seal(secret, context=kid.encode("ascii"))

    def open(self, kid: str, sealed: bytes) -> bytes:
        """Raises `CannotOpen` of `shared.sealed_box`."""
        return self._box.open(sealed, context=kid.encode("ascii"))
