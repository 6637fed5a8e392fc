import json

import jwt
import pytest

from shared.jose import base64url
from shared.jose.signer import Signer
from tests.support.forged_tokens import PRIVATE, SIGNERS, VALID


@pytest.mark.parametrize("kid", sorted(SIGNERS))
def test_another_library_verifies_what_is_signed(kid: str) -> None:
    signer = SIGNERS[kid]
    token = signer.sign(VALID)
    options = {"verify_exp": False, "verify_iat": False}
    found = jwt.decode(token, signer.public_key.key, [signer.algorithm], options=options, audience="passgate")  # type: ignore[arg-type]
    assert found == VALID


def test_the_header_is_alg_typ_kid_in_this_order() -> None:
    for typ in ("JWT", "at+jwt"):
        header = base64url.decode(SIGNERS["kp_ES256"].sign({}, typ).split(".")[0].encode())
        assert header == json.dumps({"alg": "ES256", "typ": typ, "kid": "kp_ES256"}, separators=(",", ":")).encode()


def test_claims_keep_their_order_and_unicode() -> None:
    claims = {"z": "Zoë", "a": [1, {"b": None}], "sub": "1"}
    payload = base64url.decode(SIGNERS["kp_EdDSA"].sign(claims).split(".")[1].encode())
    assert list(json.loads(payload).items()) == list(claims.items())


def test_a_signature_of_es256_is_always_64_octets() -> None:
    signatures = {len(SIGNERS["kp_ES256"]._signature(bytes([n]))) for n in range(256)}
    assert signatures == {64}


def test_only_rsa_blocks() -> None:
    assert {kid for kid, signer in SIGNERS.items() if signer.blocks} == {"kp_RS256", "kp_RS384", "kp_RS512"}


@pytest.mark.parametrize(
    ("kid", "algorithm", "key"),
    [
        ("kp_1", "RS256", "p256"),
        ("kp_1", "ES256", "ed"),
        ("kp_1", "HS256", "rsa"),
        ("a b", "EdDSA", "ed"),
        ("", "EdDSA", "ed"),
    ],
)
def test_a_key_is_not_used_with_an_algorithm_or_kid_that_does_not_fit(kid: str, algorithm: str, key: str) -> None:
    with pytest.raises(ValueError, match=r"must match|is not an algorithm"):
        Signer(kid, algorithm, PRIVATE[key])
