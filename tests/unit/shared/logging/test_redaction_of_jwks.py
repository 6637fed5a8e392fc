"""Nothing of a private key is left that is written as a JWK, whichever its kind and size."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from shared.logging.redaction import REDACTED, redacted, redacted_value
from tests.support.cases import each_case

JWKS: dict[str, dict[str, str]] = {
    "RSA": RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048), as_dict=True),
    "P-256": ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True),
    "P-384": ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()), as_dict=True),
    "P-521": ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP521R1()), as_dict=True),
    "Ed25519": OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate(), as_dict=True),
    "oct": {"kty": "oct", "k": base64.urlsafe_b64encode(bytes(range(64))).decode().rstrip("=")},
}
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k"}
WRITTEN: dict[str, Callable[[dict[str, str]], str]] = {
    "JSON": json.dumps,
    "JSON without blanks": lambda jwk: json.dumps(jwk, separators=(",", ":")),
    "JSON within JSON": lambda jwk: json.dumps({"key": json.dumps(jwk)}),
    "repr": repr,
    "YAML": lambda jwk: "\n".join(f"{name}: {value}" for name, value in jwk.items()),
    "query": lambda jwk: f"/x?key={quote(json.dumps(jwk))}",
}


def pieces(value: str) -> list[str]:
    """What must not be found: every eight characters of it."""
    return [value[at : at + 8] for at in range(0, len(value) - 8, 4)]


@each_case("written", WRITTEN)
@each_case("kind", JWKS)
def test_nothing_of_a_private_jwk_is_left_of_whichever_kind_and_size(kind: str, written: str) -> None:
    jwk = JWKS[kind]
    assert PRIVATE & jwk.keys() != set()
    text = redacted(f"cannot load {WRITTEN[written](jwk)} from there")
    assert [piece for name in PRIVATE & jwk.keys() for piece in pieces(jwk[name]) if piece in text] == []
    assert text.startswith("cannot load")


@each_case("kind", JWKS)
def test_nothing_of_a_private_jwk_is_left_that_is_cut_or_a_value_of_the_log(kind: str) -> None:
    jwk, whole = JWKS[kind], json.dumps(JWKS[kind])
    for name in PRIVATE & jwk.keys():
        begins = whole.index(jwk[name])
        for end in (begins + 8, begins + 20, begins + len(jwk[name])):
            assert jwk[name][:8] not in redacted(whole[:end])
    shown = redacted_value({"event": "key.unreadable", "jwk": jwk})["jwk"]
    assert {name for name, value in shown.items() if value == REDACTED} >= PRIVATE & jwk.keys()
    assert shown["kty"] == jwk["kty"]


def test_what_only_has_the_name_of_a_private_member_stays_as_it_is() -> None:
    for text in (
        '{"d": 3, "q": "01a1ffb3-87bc-7061-b6e0-370344b8fd2c", "t": "2026-11-28T12:00:00Z"}',
        "took d: 12 ms, p: https://api.example/a-path",
        '{"field": "a-name-that-is-rather-long-and-of-no-key-at-all"}',
    ):
        assert redacted(text) == text
    assert redacted_value({"q": "blabla", "k": 1}) == {"q": "blabla", "k": 1}
