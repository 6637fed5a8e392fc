"""What the store holds does not open without the token, nor under another one, nor changed."""

import dataclasses
import hashlib
import os
import struct
import uuid

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.session_tokens.sealing import Contents, Unsealable, seal, unseal
from shared.contracts.session_tokens import session_token_id

TOKEN = str(uuid.uuid4())
ID = session_token_id(TOKEN)
CONTENTS = Contents(b'{"file":"secret-file"}', hashlib.sha256(b"key").digest(), 1_800_003_600, counted=False)


@pytest.mark.parametrize("counted", [False, True])
def test_sealed_contents_open_with_their_token(counted: bool) -> None:
    contents = dataclasses.replace(CONTENTS, counted=counted)
    assert unseal(TOKEN, ID, seal(TOKEN, ID, contents)) == contents


def test_contents_that_the_first_release_sealed_open() -> None:
    key = HKDF(SHA256(), length=32, salt=None, info=b"passgate session token: key").derive(TOKEN.encode())
    head = struct.pack(">BBQ32s", 1, False, CONTENTS.expires_at, CONTENTS.access_key)
    nonce = os.urandom(12)
    sealed = nonce + AESGCM(key).encrypt(nonce, head + CONTENTS.parameters, session_token_id(TOKEN).encode())
    assert unseal(TOKEN, ID, sealed) == CONTENTS


def test_another_token_does_not_open_them() -> None:
    with pytest.raises(Unsealable):
        unseal(other := str(uuid.uuid4()), session_token_id(other), seal(TOKEN, ID, CONTENTS))


def test_every_changed_byte_is_noticed() -> None:
    sealed = seal(TOKEN, ID, CONTENTS)
    for i in range(len(sealed)):
        with pytest.raises(Unsealable):
            unseal(TOKEN, ID, sealed[:i] + bytes([sealed[i] ^ 1]) + sealed[i + 1 :])


@pytest.mark.parametrize("length", [0, 5, 12, 20, 28, 40])
def test_cut_off_bytes_do_not_open(length: int) -> None:
    with pytest.raises(Unsealable):
        unseal(TOKEN, ID, seal(TOKEN, ID, CONTENTS)[:length])


def test_neither_id_nor_sealed_bytes_show_token_or_parameters() -> None:
    seen = seal(TOKEN, ID, CONTENTS) + ID.encode()
    for secret in (TOKEN, TOKEN.replace("-", ""), "secret-file", hashlib.sha256(TOKEN.encode()).hexdigest()):
        assert secret.encode() not in seen
    assert CONTENTS.access_key not in seen


def test_the_same_contents_are_sealed_differently_each_time() -> None:
    assert seal(TOKEN, ID, CONTENTS) != seal(TOKEN, ID, CONTENTS)
