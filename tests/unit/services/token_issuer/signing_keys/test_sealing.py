import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.token_issuer.signing_keys.sealing import MasterKey
from shared.sealed_box import CannotOpen

KEY = MasterKey(b"k" * 32)


def test_what_is_sealed_opens_with_the_same_key_and_kid() -> None:
    assert KEY.open("kid", KEY.seal("kid", b"secret")) == b"secret"


def test_a_key_that_the_first_release_sealed_opens() -> None:
    nonce = os.urandom(12)
    assert KEY.open("kid", b"\x01" + nonce + AESGCM(b"k" * 32).encrypt(nonce, b"secret", b"kid")) == b"secret"


def test_sealing_twice_gives_different_bytes_and_shows_nothing() -> None:
    one, other = KEY.seal("kid", b"secret"), KEY.seal("kid", b"secret")
    assert one != other
    assert b"secret" not in one


def test_sealed_key_is_bound_to_its_kid() -> None:
    with pytest.raises(CannotOpen):
        KEY.open("other", KEY.seal("kid", b"secret"))


def test_another_master_key_does_not_open() -> None:
    with pytest.raises(CannotOpen):
        MasterKey(b"x" * 32).open("kid", KEY.seal("kid", b"secret"))


@pytest.mark.parametrize("cut", [0, 1, 5, 13, 20])
def test_damaged_bytes_do_not_open(cut: int) -> None:
    with pytest.raises(CannotOpen):
        KEY.open("kid", KEY.seal("kid", b"secret")[:cut])


@pytest.mark.parametrize("place", [0, 1, 13, -1])
def test_changed_bytes_do_not_open(place: int) -> None:
    sealed = bytearray(KEY.seal("kid", b"secret"))
    sealed[place] ^= 1
    with pytest.raises(CannotOpen):
        KEY.open("kid", bytes(sealed))


@pytest.mark.parametrize("content", ["", "short", "!" * 43, "A" * 44, "ä"])
def test_bad_master_key_file_is_named_and_its_content_is_not(tmp_path: Path, content: str) -> None:
    path = tmp_path / "master_key"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=str(path)) as caught:
        MasterKey.from_file(path)
    assert not content or content not in str(caught.value).replace(str(path), "")


def test_master_key_file_with_padding_and_newline(tmp_path: Path) -> None:
    path = tmp_path / "master_key"
    path.write_text("A" * 43 + "=\n")
    MasterKey.from_file(path)
