"""A private key that was found is known by the public key that its private part makes, and by nothing else."""

import json

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from shared.jose import base64url
from shared.jose.jwk import public_jwk, thumbprint
from shared.jose.keys import generate_private_key, private_pem, public_pem
from shared.jose.private_keys import private_keys_in, public_half_of

JWK_OF = {"RS256": RSAAlgorithm.to_jwk, "ES256": ECAlgorithm.to_jwk, "EdDSA": OKPAlgorithm.to_jwk}
KEYS = {algorithm: generate_private_key(algorithm) for algorithm in JWK_OF}
OTHERS = {algorithm: generate_private_key(algorithm) for algorithm in JWK_OF}


def jwk_of(algorithm: str, *, other: bool = False) -> dict[str, str]:
    return dict(JWK_OF[algorithm]((OTHERS if other else KEYS)[algorithm], as_dict=True))  # type: ignore[operator]


def found(text: str) -> list[bytes]:
    return [half for half in map(public_half_of, private_keys_in(text)) if half is not None]


@pytest.mark.parametrize("algorithm", JWK_OF)
def test_private_key_is_found_however_it_is_written(algorithm: str) -> None:
    key, jwk = KEYS[algorithm], jwk_of(algorithm)
    half = base64url.decode(thumbprint(public_jwk(key.public_key(), "", "")).encode())
    pem, text = private_pem(key), json.dumps(jwk)
    forms = [pem, "KEY=" + pem.replace("\n", "\\n"), pem.replace("\n", " "), text, json.dumps({"keys": [jwk]})]
    forms += [json.dumps({"key": text}), f"x {pem} y"]
    if algorithm != "EdDSA":
        forms.append(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode())
    for form in forms:
        assert found(form) == [half]
    assert found(pem + text) == [half, half]


@pytest.mark.parametrize("algorithm", JWK_OF)
def test_public_key_beside_another_private_part_is_not_the_one_that_is_found(algorithm: str) -> None:
    key, mine, other = KEYS[algorithm], jwk_of(algorithm), jwk_of(algorithm, other=True)
    half = base64url.decode(thumbprint(public_jwk(key.public_key(), "", "")).encode())
    forged: dict[str, str] = {**other, **{name: mine[name] for name in ("n", "e", "x", "y") if name in mine}}
    assert half not in found(json.dumps(forged))
    one = {"p": "AQ", "q": mine.get("n", "AQ"), "d": "AQ"}
    parts: list[dict[str, object]] = [{**one}, {"p": "AA", "d": "AA"}, {"d": 7, "p": 7}]
    for part in parts:
        assert half not in found(json.dumps({**mine, **part}))
    assert found(public_pem(key.public_key())) == []
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    assert found(encrypted.decode()) == []


def test_damaged_keys_are_none() -> None:
    pem = private_pem(KEYS["RS256"])
    for text in (
        pem[:-40],
        pem.replace("MII", "AAA"),
        pem[:200] + pem[300:],
        '{"kty":"RSA","p":[[[[',
        '{"kty":1}',
        "",
    ):
        assert found(text) == []
    assert found('{"kty":' + "[" * 16_000 + "}") == []
