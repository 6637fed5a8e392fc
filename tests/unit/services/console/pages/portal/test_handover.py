"""Beside a new secret is what its holder needs: where to send it, in which field, and code that does."""

import json
import subprocess
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.console.pages.credentials.kinds import BY_PATH, KINDS, shown_once
from services.console.pages.portal.handover import Handover, handover

GATEWAY = "https://api.example"
COMPANY = {"client_prefix": "blabla", "company_uri": "https://blabla.example"}
ALGORITHMS: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey] = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def of(path: str, algorithm: str = "RS256", **members: Any) -> Handover:
    private = ALGORITHMS[algorithm].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    created = {
        "id": "0190c0de-0000-7000-8000-000000000001",
        "token": "pgat_x",
        "secret": "pgcs_x",
        "key": "pgck_x",
        "kid": "kp_x",
        "scopes": ["site:read"],
        "application": {"application_prefix": "SMS"},
        "algorithm": algorithm,
        "private_key": private,
        "public_key": "P\nM",
        "company": COMPANY,
        **members,
    }
    return handover(BY_PATH[path], created, GATEWAY, COMPANY, shown_once(BY_PATH[path], created))


def test_every_kind_names_the_gateway_and_each_header_field() -> None:
    for kind in KINDS:
        found = of(kind.path)
        assert found.gateway == GATEWAY
        assert found.fields
        assert all(GATEWAY in field.to for field in found.fields)
        code = found.code.lower()
        for field in found.fields:
            assert field.name.lower() in code or (field.name, " -u ") == ("Authorization", " -u "), field


def test_the_command_has_the_secret_in_it_and_nothing_of_it_is_run() -> None:
    for path, assigned in (
        ("api-tokens", "API_TOKEN"),
        ("access-keys", "ACCESS_KEY"),
        ("api-clients", "CLIENT_SECRET"),
    ):
        script = of(path, key="k'$(x)", secret="k'$(x)", token="k'$(x)").code + f'printf %s "${assigned}"'
        run = "curl() { printf '{}'; }\n" + script
        done = subprocess.run(["sh", "-c", run], capture_output=True, text=True, timeout=20)
        assert done.stdout.endswith("k'$(x)"), done


def test_the_environment_names_the_gateway_as_well() -> None:
    assert of("api-tokens").environment.splitlines()[-1] == f"GATEWAY_URL={GATEWAY}"
    assert of("key-pairs").environment == ""


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_private_key_as_a_jwk_signs_what_the_public_half_verifies(algorithm: str) -> None:
    jwk = json.loads(of("key-pairs", algorithm).jwk)
    assert (jwk["kid"], jwk["alg"]) == ("kp_x", algorithm)
    signed = jwt.encode({"a": 1}, jwt.PyJWK(jwk).key, algorithm=algorithm)
    assert jwt.decode(signed, ALGORITHMS[algorithm].public_key(), algorithms=[algorithm]) == {"a": 1}


def test_an_uploaded_key_has_no_private_jwk_and_its_call_is_still_shown() -> None:
    found = of("key-pairs", private_key=None)
    assert found.jwk == ""
    assert "private_key.pem" in found.code
