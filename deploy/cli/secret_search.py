"""Finds secrets in a stream of bytes, in a bounded amount of memory, however long its lines are."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from deploy.cli.scanned_files import shown
from shared import opaque

PIECE_BYTES = 1024 * 1024
SNIFFED_BYTES = 8192
"""A file that has a NUL among so many is binary, unless it begins as UTF-16 does."""
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")

KINDS: Mapping[str, str] = {
    opaque.API_TOKEN: "api_token",
    opaque.ACCESS_KEY: "access_key",
    opaque.API_CLIENT_SECRET: "api_client",
    opaque.ADMIN_TOKEN: "admin_token",
    opaque.PERSON_SESSION: "person_session",
    opaque.INVITATION: "invitation",
    opaque.PORTAL_LINK: "portal_link",
    opaque.PASSWORD_RESET: "password_reset",
}
_BODY_CHARACTERS = opaque.RANDOM_CHARACTERS + opaque.CHECKSUM_CHARACTERS
_SECRET = re.compile(
    rf"({'|'.join(opaque.SECRET_PREFIXES)})(?:_|%5[Ff])([0-9A-Za-z]{{{_BODY_CHARACTERS}}})(?![0-9A-Za-z])".encode()
)
_OVERLAP_BYTES = 64
"""More than a secret is long, percent-encoded too, and the character after it."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a secret is, and what may be shown of it."""

    file: str
    line: int
    kind: str
    prefix: str
    last_four: str


def secrets_in(stream: BinaryIO, name: str) -> Iterator[Found]:
    """Each secret in its order. Nothing for a binary file. Raises `OSError`."""
    file, line = shown(name), 1
    piece = stream.read(PIECE_BYTES)
    utf_16 = piece.startswith(UTF_16_MARKS)
    if not utf_16 and b"\0" in piece[:SNIFFED_BYTES]:
        return
    rest = b""
    while True:
        is_last = not piece
        text = rest + (piece.replace(b"\0", b"") if utf_16 else piece)
        end = len(text) if is_last else max(0, len(text) - _OVERLAP_BYTES)
        at = 0
        for match in _SECRET.finditer(text):
            if match.start() >= end:
                break
            prefix, body = match[1].decode(), match[2].decode()
            if opaque.well_formed(prefix, f"{prefix}_{body}"):
                line += text.count(b"\n", at, match.start())
                at = match.start()
                yield Found(file, line, KINDS[prefix], prefix, body[-4:])
        if is_last:
            return
        line += text.count(b"\n", at, end)
        rest = text[end:]
        piece = stream.read(PIECE_BYTES)
