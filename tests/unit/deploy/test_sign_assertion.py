"""The signing command makes the assertion that partners are told to make."""

import time
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.sign_assertion import main


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
    main([*arguments, "--scope", "website:read:*", "--scope", "entity:*", "--algorithm", "EdDSA"])
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
