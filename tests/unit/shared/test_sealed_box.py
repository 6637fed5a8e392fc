"""What is sealed opens under its own key and context alone, also what the first release sealed."""

import hmac
import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.sealed_box import KEY_BYTES, NONCE_BYTES, VERSION, CannotOpen, SealedBox

KEY = b"k" * KEY_BYTES
BOX = SealedBox(KEY)


def unversioned(secret: bytes, context: bytes, nonce: bytes) -> bytes:
    """As the first release sealed sessions and responses to repeated creates."""
    return nonce + AESGCM(KEY).encrypt(nonce, secret, context)


def test_what_is_sealed_opens_under_its_key_and_context_alone() -> None:
    sealed = BOX.seal(b"secret", context=b"id")
    assert BOX.open(sealed, context=b"id") == b"secret"
    for box, context in ((BOX, b"other"), (SealedBox(b"x" * KEY_BYTES), b"id")):
        with pytest.raises(CannotOpen):
            box.open(sealed, context=context)


def test_sealing_twice_gives_different_bytes_that_begin_with_the_version_and_show_nothing() -> None:
    one, other = (BOX.seal(b"secret", context=b"id") for _ in range(2))
    assert one != other
    assert one[:1] == other[:1] == VERSION
    assert b"secret" not in one


@pytest.mark.parametrize("unversioned_too", [False, True])
def test_no_changed_and_no_cut_bytes_open(unversioned_too: bool) -> None:
    sealed = BOX.seal(b"secret", context=b"id")
    changed = [sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :] for place in range(len(sealed))]
    for damaged in (*changed, *(sealed[:length] for length in range(len(sealed)))):
        with pytest.raises(CannotOpen):
            BOX.open(damaged, context=b"id", unversioned_too=unversioned_too)


@pytest.mark.parametrize("first", [0, 1, 2, 255])
def test_what_the_first_release_sealed_opens_whatever_its_nonce_begins_with(first: int) -> None:
    sealed = unversioned(b"secret", b"id", bytes([first]) + os.urandom(NONCE_BYTES - 1))
    assert BOX.open(sealed, context=b"id", unversioned_too=True) == b"secret"
    with pytest.raises(CannotOpen):
        BOX.open(sealed, context=b"id")
    with pytest.raises(CannotOpen):
        BOX.open(sealed, context=b"other", unversioned_too=True)


def test_a_key_is_derived_as_rfc_5869_says() -> None:
    for secret, purpose, salt in ((b"secret", b"p", b"s"), (b"x" * 200, b"q" * 200, b"t" * 200), (b"s", b"", None)):
        extracted = hmac.digest(salt or bytes(KEY_BYTES), secret, "sha256")  # section 2.2
        key = hmac.digest(extracted, purpose + b"\x01", "sha256")  # section 2.3, the first block
        sealed = SealedBox(key).seal(b"x", context=b"")
        assert SealedBox.derived(secret, purpose=purpose, salt=salt).open(sealed, context=b"") == b"x"


def test_derived_keys_differ_by_secret_purpose_and_salt() -> None:
    sealed = SealedBox.derived(b"secret", purpose=b"p", salt=b"s").seal(b"x", context=b"")
    assert SealedBox.derived(b"secret", purpose=b"p", salt=b"s").open(sealed, context=b"") == b"x"
    for secret, purpose, salt in ((b"other", b"p", b"s"), (b"secret", b"q", b"s"), (b"secret", b"p", b"t")):
        with pytest.raises(CannotOpen):
            SealedBox.derived(secret, purpose=purpose, salt=salt).open(sealed, context=b"")


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SealedBox(bytes(length))
