"""Private keys at rest: sealed under the master key, each bound to its kid."""

from pathlib import Path

from shared.sealed_box import SealedBox, read_key


class MasterKey:
    """Seals and opens. It is never in the database, so a dump alone cannot sign."""

    def __init__(self, key: bytes) -> None:
        """Raises ValueError for a key of another length than `KEY_BYTES`."""
        self._box = SealedBox(key)

    @classmethod
    def from_file(cls, path: Path) -> "MasterKey":
        """The key that `path` holds as base64url. Raises `ValueError` naming the file, never its content."""
        return cls(read_key(path))

    def seal(self, kid: str, secret: bytes) -> bytes:
        return self._box.seal(secret, context=kid.encode("ascii"))

    def open(self, kid: str, sealed: bytes) -> bytes:
        """Raises `CannotOpen` of `shared.sealed_box`."""
        return self._box.open(sealed, context=kid.encode("ascii"))
