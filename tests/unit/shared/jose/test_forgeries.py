"""Every token in the table is refused by `InvalidToken` with the fault named, cheaply, and by nothing else."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.jose.verifier import Fault, InvalidToken, verify
from tests.support.cases import each_case
from tests.support.forged_tokens import (
    EXPECTED,
    KEYS,
    NOW,
    PRIVATE,
    VALID,
    compact,
    signed_parts,
    with_claim,
)
from tests.unit.shared.jose.forgeries import FORGERIES


def test_the_table_holds_hundreds_of_different_forgeries() -> None:
    assert len({token for _, token, _ in FORGERIES}) >= 400


@each_case(
    ("token", "fault"),
    [pytest.param(token, fault, id=name.encode("ascii", "replace").decode()) for name, token, fault in FORGERIES],
)
def test_a_forged_token_is_refused_for_its_fault(token: str | bytes, fault: Fault) -> None:
    with pytest.raises(InvalidToken) as refusal:
        verify(token, key_for=KEYS.get, expectation=EXPECTED, now=NOW)
    assert refusal.value.code == fault
    assert 0 < len(refusal.value.description) < 200
    refusal.value.description.encode("ascii")


def test_the_same_token_without_a_fault_is_taken() -> None:
    for token in (compact(), signed_parts(*compact().split(b".")[:2]), with_claim("exp", str(VALID["exp"]))):
        assert verify(token, key_for=KEYS.get, expectation=EXPECTED, now=NOW).subject == VALID["sub"]


def test_a_refusal_does_not_tell_a_stranger_whether_a_kid_exists() -> None:
    descriptions = set()
    stranger = PRIVATE["stranger"]
    assert isinstance(stranger, Ed25519PrivateKey)
    for token in (
        compact({"kid": "kp_other"}),
        compact({"alg": "ES256"}),
        compact(sign=stranger.sign),
    ):
        with pytest.raises(InvalidToken) as refusal:
            verify(token, key_for=KEYS.get, expectation=EXPECTED, now=NOW)
        descriptions.add(refusal.value.description)
    assert len(descriptions) == 1
