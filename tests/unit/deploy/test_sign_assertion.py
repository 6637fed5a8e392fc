"""The signing command makes the assertion that partners are told to make."""

import time
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.sign_assertion import main, sign_assertion


def test_the_assertion_has_the_claims_and_the_kid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(pem)
    arguments = [
        "--key-file",
        str(tmp_path / "key.pem"),
        "--key-id",
        "kp_1",
        "--company-uri",
        "https://blabla.example",
    ]
    main([*arguments, "--scope", "website:read:*", "--scope", "entity:*"])
    token = capsys.readouterr().out.strip()
    claims = jwt.decode(token, private.public_key(), algorithms=["EdDSA"], audience="ankor.io")
    assert jwt.get_unverified_header(token)["kid"] == "kp_1"
    assert claims["scopes"] == ["website:read:*", "entity:*"]
    assert claims["iss"] == claims["sub"] == "https://blabla.example"
    assert claims["exp"] - claims["iat"] == 300
    assert abs(claims["iat"] - time.time()) < 10


def test_a_file_that_is_no_key_is_named_and_its_content_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key.pem").write_text("hush")
    with pytest.raises(SystemExit) as ended:
        main(["--key-file", str(tmp_path / "key.pem"), "--key-id", "k", "--company-uri", "u", "--scope", "s:r"])
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert "key.pem" in error
    assert "hush" not in error


Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey
KEYS: dict[str, Key] = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": Ed25519PrivateKey.generate(),
}


def pem(key: Key) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


@pytest.mark.parametrize("algorithm", KEYS)
def test_the_algorithm_is_that_of_the_key_unless_another_is_requested(algorithm: str) -> None:
    assertion = sign_assertion(pem(KEYS[algorithm]), "kp_1", "https://blabla.example", ["s:r"])
    assert jwt.get_unverified_header(assertion)["alg"] == algorithm
    jwt.decode(assertion, KEYS[algorithm].public_key(), algorithms=[algorithm], audience="ankor.io")


@pytest.mark.parametrize("algorithm", KEYS)
def test_an_algorithm_of_another_kind_of_key_is_refused_with_those_that_there_are(algorithm: str) -> None:
    other = "ES256" if algorithm != "ES256" else "RS256"
    with pytest.raises(ValueError, match=f"must be {algorithm}.* for this key; got {other}"):
        sign_assertion(pem(KEYS[algorithm]), "kp_1", "u", ["s:r"], algorithm=other)


def test_a_key_that_the_issuer_does_not_take_is_refused_by_its_kind() -> None:
    with pytest.raises(ValueError, match="an RSA, a P-256 or an Ed25519 key"):
        sign_assertion(pem(ec.generate_private_key(ec.SECP384R1())), "kp_1", "u", ["s:r"])


def test_help_shows_every_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(default in shown for default in ("ankor.io", "300", "ES256 for"))
