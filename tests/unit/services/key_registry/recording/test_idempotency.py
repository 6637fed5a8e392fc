"""The sealed response to a create: for the same caller and request, and for nobody else."""

import hashlib
import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from uuid_utils.compat import uuid7

from services.key_registry.recording.idempotency import IdempotencyKeyReused, IdempotentRequest
from shared.errors import Invalid

ADMIN = uuid7()


def attempt(key: str = "k", *, token: str = "pgad_x", request: bytes = b"{}") -> IdempotentRequest:
    return IdempotentRequest.of(key, admin_token=token, admin_id=ADMIN, request=request)


def test_the_same_attempt_opens_what_it_sealed() -> None:
    sealed = attempt().seal(b"response")
    assert attempt().open(sealed, attempt().request) == b"response"
    assert b"response" not in sealed


def test_a_response_that_the_first_release_sealed_opens() -> None:
    digest, request = hashlib.sha256(b"k").digest(), hashlib.sha256(b"{}").digest()
    key = HKDF(SHA256(), length=32, salt=digest, info=b"passgate idempotent answer 1").derive(b"pgad_x")
    nonce = os.urandom(12)
    sealed = nonce + AESGCM(key).encrypt(nonce, b"response", ADMIN.bytes + digest + request)
    assert attempt().open(sealed, request) == b"response"


def test_another_request_with_the_key_is_refused() -> None:
    first = attempt(request=b"1")
    with pytest.raises(IdempotencyKeyReused):
        attempt(request=b"2").open(first.seal(b"response"), first.request)


@pytest.mark.parametrize("other", [attempt(token="pgad_y"), attempt("other")])
def test_nobody_reads_it_without_both_the_token_and_the_key(other: IdempotentRequest) -> None:
    with pytest.raises(IdempotencyKeyReused) as refused:
        other.open(attempt().seal(b"response"), other.request)
    assert "another secret" in refused.value.errors[0].message


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb", "a\x7f", "\ud800"])
def test_a_key_is_1_to_255_printable_ascii_characters(key: str) -> None:
    with pytest.raises(Invalid, match="printable ASCII"):
        attempt(key)


def test_its_sealing_key_is_in_no_representation() -> None:
    assert "sealing" not in repr(attempt())
