"""Of another issuer's key set only what can have signed its tokens is used, and one bad key spoils no other."""

from typing import Any

import pytest

from shared.jose.errors import InvalidKey
from shared.jose.key_set import MAX_KEYS, read_key_set, shown
from shared.jose.keys import generate_private_key
from shared.jose.signer import Signer
from tests.support.cases import each_case
from tests.support.doubles.external_issuer import SIGNERS, document, jwk

ALGORITHMS = frozenset({"RS256", "RS384", "ES256", "EdDSA"})
USABLE = jwk(SIGNERS["EdDSA"])
RSA, EC = SIGNERS["RS256"], SIGNERS["ES256"]


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_a_key_is_found_by_its_kid_and_algorithm(algorithm: str) -> None:
    signer = SIGNERS[algorithm]
    assert read_key_set(document(jwk(signer)), ALGORITHMS).keys == {(signer.kid, algorithm): signer.public_key}


def test_a_key_without_an_algorithm_is_for_those_of_the_issuer_that_fit_it() -> None:
    found = read_key_set(document(jwk(RSA, alg=None)), ALGORITHMS).keys
    assert set(found) == {(RSA.kid, "RS256"), (RSA.kid, "RS384")}
    assert all(key.algorithm == algorithm for (_, algorithm), key in found.items())


@pytest.mark.parametrize("kid", ["dGVzdC9r+ZXkx/1=", "2026.11:a", '<b>"\\', "a" * 128])
def test_a_kid_is_compared_as_it_is_whatever_it_is_made_of(kid: str) -> None:
    found = read_key_set(document(jwk(EC, kid=kid)), ALGORITHMS)
    assert [*found.keys] == [(kid, "ES256")]


@pytest.mark.parametrize(
    ("kid", "text"), [("a_b-c.d~", "a_b-c.d~"), ("q+r/s=", "q+r/s="), ('<b>"\\%', "%3Cb%3E%22%5C%25")]
)
def test_a_kid_is_shown_so_that_it_means_nothing_to_who_shows_it(kid: str, text: str) -> None:
    other = Signer("other", "ES256", generate_private_key("ES256"))
    [reason] = read_key_set(document(jwk(EC, kid=kid), jwk(other, kid=kid)), ALGORITHMS).left_out
    assert shown(kid) == text
    assert reason == f"kid {text} is that of several keys for ES256"


@each_case(
    "unusable",
    [
        jwk(EC, use="enc"),
        jwk(EC, key_ops=["encrypt"]),
        jwk(EC, key_ops=["verify", "sign"]),
        jwk(EC, kid=None),
        jwk(EC, kid="a b"),
        jwk(EC, kid=""),
        jwk(EC, kid="a" * 129),
        jwk(EC, kid="\u00e9"),
        jwk(EC, kid=5),
        jwk(EC, alg="RS256"),
        jwk(EC, alg="none"),
        jwk(EC, alg="HS256"),
        jwk(EC, alg=["ES256"]),
        jwk(EC, d="AAAA"),
        jwk(EC, crv="P-384"),
        jwk(EC, x="AAAA"),
        jwk(RSA, alg="RS512"),
        jwk(RSA, alg="PS256"),
        jwk(RSA, n="AQAB"),
        jwk(RSA, e="Aw"),
        {"kty": "oct", "kid": "secret", "alg": "HS256", "k": "c2VjcmV0"},
        {"kty": "oct", "kid": "secret"},
        {},
        [],
        "key",
        None,
    ],
)
def test_what_cannot_be_used_is_left_out_with_a_reason(unusable: Any) -> None:
    found = read_key_set(document(unusable, USABLE), ALGORITHMS)
    assert set(found.keys) == {("EdDSA-1", "EdDSA")}
    [reason] = found.left_out
    assert "c2VjcmV0" not in reason


def test_of_two_keys_with_one_kid_and_algorithm_neither_is_used() -> None:
    other = Signer(EC.kid, "ES256", generate_private_key("ES256"))
    found = read_key_set(document(jwk(EC), USABLE, jwk(other)), ALGORITHMS)
    assert set(found.keys) == {("EdDSA-1", "EdDSA")}
    assert len(found.left_out) == 1


def test_a_key_that_is_there_twice_is_one_key_and_a_kid_may_be_that_of_keys_for_two_algorithms() -> None:
    found = read_key_set(document(jwk(EC), jwk(EC), jwk(RSA, kid=EC.kid)), ALGORITHMS)
    assert set(found.keys) == {(EC.kid, "ES256"), (EC.kid, "RS256")}


def test_of_one_kid_for_signatures_and_for_encryption_the_former_is_used_in_either_order() -> None:
    """As Keycloak publishes a key that it has for both."""
    both = [jwk(RSA, use="enc", alg="RSA-OAEP"), jwk(RSA)]
    for keys in (both, both[::-1]):
        assert set(read_key_set(document(*keys), ALGORITHMS).keys) == {(RSA.kid, "RS256")}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": [], "keys": []}',
        b'{"keys": ' + b"[" * 100_000,
        b"\xff",
        document(*[USABLE] * (MAX_KEYS + 1)),
    ],
)
def test_what_is_no_key_set_is_refused_as_a_whole(text: bytes) -> None:
    with pytest.raises(InvalidKey):
        read_key_set(text, ALGORITHMS)
