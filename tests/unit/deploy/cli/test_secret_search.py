"""Every secret is found by its line, wherever the pieces of a stream end, and nothing else is."""

import io
import itertools
import tracemalloc
from typing import BinaryIO, cast

import pytest

from deploy.cli import secret_search
from deploy.cli.secret_search import KINDS, Found, secrets_in
from shared import opaque


def found(data: bytes, name: str = "x") -> list[Found]:
    return list(secrets_in(io.BytesIO(data), name))


def lines(data: bytes) -> list[int]:
    return [each.line for each in found(data)]


def test_each_kind_is_found_with_its_line_and_no_more_of_it_than_may_be_shown() -> None:
    assert set(KINDS) == set(opaque.SECRET_PREFIXES)
    for prefix, kind in KINDS.items():
        secret = opaque.mint(prefix)
        [one] = found(f"a\n\nkey = '{secret}'\n".encode(), "app.py")
        assert one == Found("app.py", 3, kind, prefix, secret[-4:])
        assert secret not in repr(one)


def test_what_is_no_secret_is_no_alarm() -> None:
    secret = opaque.mint(opaque.API_TOKEN)
    changed = secret[:-1] + ("0" if secret[-1] != "0" else "1")
    others = (secret.replace("_", "-"), "pgat_" + "x" * 49, opaque.public_id("pgck"))
    for text in (changed, secret[:-1], secret + "x", *others):
        assert found(text.encode()) == [], text


def test_spelling_of_a_url_and_of_windows_is_found_too() -> None:
    secret = opaque.mint(opaque.ACCESS_KEY)
    assert lines(secret.replace("_", "%5F").encode()) == [1]
    for encoding in ("utf-16", "utf-16-be", "utf-16-le"):
        mark = "" if encoding == "utf-16" else "\ufeff"
        assert lines(f"{mark}a\r\nb={secret}\r\n".encode(encoding)) == [2]


def test_binary_file_is_left_out() -> None:
    assert found(b"\x7fELF\0" + opaque.mint(opaque.API_TOKEN).encode()) == []


def test_nothing_is_lost_or_found_twice_where_a_piece_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = [opaque.mint(prefix) for prefix in KINDS]
    data = "\n".join(f"{'x' * n}:{secret}" for n, secret in enumerate(secrets * 3)).encode() + b"\n"
    expected = [(line, secret[-4:]) for line, secret in enumerate(secrets * 3, 1)]
    for size in (1, 7, 53, 54, 64, 65, 100, 128, 1000):
        monkeypatch.setattr(secret_search, "PIECE_BYTES", size)
        assert [(each.line, each.last_four) for each in found(data)] == expected, size
    together = "".join(itertools.chain.from_iterable((secret, " ") for secret in secrets)).encode()
    for size in (60, 64, 70):
        monkeypatch.setattr(secret_search, "PIECE_BYTES", size)
        assert len(found(together)) == len(secrets)


class Endless:
    """A line without end, up to so many bytes."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int) -> bytes:
        size = min(size, self.left)
        self.left -= size
        return b"pgat_" * (size // 5) + b"x" * (size % 5)


def test_memory_is_bounded_however_long_a_line_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_search, "PIECE_BYTES", 16 * 1024)
    tracemalloc.start()
    assert list(secrets_in(cast(BinaryIO, Endless(1024 * 1024)), "x")) == []
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * secret_search.PIECE_BYTES
