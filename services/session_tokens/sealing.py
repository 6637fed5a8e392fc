"""What the store sees of a session: an id and sealed bytes, neither of which opens without the token."""

import struct
from dataclasses import dataclass

from shared.sealed_box import CannotOpen, SealedBox

KEY_DOMAIN = b"passgate session token: key"
VERSION = 1
_HEADER = struct.Struct(">BBQ32s")


class Unsealable(Exception):
    """The bytes were not sealed under this token, or were changed since."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a token stands for. `parameters` is the JSON text; `access_key` the SHA-256 of its creator."""

    parameters: bytes
    access_key: bytes
    expires_at: int
    """Seconds since the epoch."""
    counted: bool
    """Whether the token is valid for a number of uses only."""


def seal(token: str, id_: str, contents: Contents) -> bytes:
    """`contents` under a key derived from the token, bound to the token's id `id_`."""
    header = _HEADER.pack(VERSION, contents.counted, contents.expires_at, contents.access_key)
    return _box(token).seal(header + contents.parameters, context=id_.encode())


def unseal(token: str, id_: str, sealed: bytes) -> Contents:
    """`id_` is the token's. Raises `Unsealable`.

    What the first release sealed opens as well: a session may live for 30 days.
    """
    try:
        opened = _box(token).open(sealed, context=id_.encode(), unversioned_too=True)
    except CannotOpen:
        raise Unsealable from None
    version, counted, expires_at, access_key = _HEADER.unpack_from(opened)
    if version != VERSION:
        raise Unsealable
    return Contents(opened[_HEADER.size :], access_key, expires_at, bool(counted))


def _box(token: str) -> SealedBox:
    return SealedBox.derived(token.encode(), purpose=KEY_DOMAIN)
