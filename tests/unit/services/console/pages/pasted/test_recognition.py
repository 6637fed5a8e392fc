"""What a partner has pasted is recognised by itself, and a typing mistake in it is found."""

import pytest

from services.console.pages.pasted.recognition import recognised
from shared import opaque
from tests.support.cases import each_case

SECRETS = opaque.SECRET_PREFIXES
JWT = "eyJhbGciOiJFZERTQSJ9.e30.AA"


@pytest.mark.parametrize("prefix", SECRETS)
def test_a_secret_is_whole_and_with_one_character_changed_or_missing_it_is_not(prefix: str) -> None:
    secret = opaque.mint(prefix)
    changed = secret[:10] + ("a" if secret[10] != "a" else "b") + secret[11:]
    found = [recognised(text) for text in (secret, changed, secret[:-1])]
    assert [pasted is not None and pasted.whole for pasted in found] == [True, False, False]
    assert None not in found


def test_the_key_of_a_client_is_told_from_its_secret() -> None:
    key, secret = (
        recognised(opaque.public_id(opaque.API_CLIENT_KEY)),
        recognised(opaque.mint(opaque.API_CLIENT_SECRET)),
    )
    assert key is not None
    assert secret is not None
    assert (key.whole, key.kind.noun_with_article, key.kind.remark) == (
        True,
        "an API client's key",
        "It is no secret.",
    )
    assert (secret.kind.noun_with_article, secret.kind.remark) == ("an API client's secret", "")


def test_a_sign_in_that_waits_is_recognised_by_its_own_form() -> None:
    found = recognised(opaque.sealed(opaque.PENDING_SIGN_IN, b"anything"))
    assert found is not None
    assert (found.whole, found.registered) == (True, False)


def test_only_credentials_of_companies_are_looked_for() -> None:
    found = {prefix: recognised(opaque.mint(prefix)) for prefix in opaque.SECRET_PREFIXES}
    registered = {prefix for prefix, pasted in found.items() if pasted is not None and pasted.registered}
    assert registered == {opaque.API_TOKEN, opaque.ACCESS_KEY, opaque.API_CLIENT_SECRET}


@each_case(
    "around",
    (
        "Bearer {}",
        "bearer  {}",
        '"{}"',
        "'Bearer {}'",
        "`{}`",
        "Authorization: Bearer {}",
        'X-Api-Token: "{}"',
        'curl -H "X-Api-Token: {}" https://api.example/sms',
        "export API_TOKEN={}",
        '{{"token": "{}"}}',
        "https://console.example/invitations/{}",
        "https://api.example/editor?apitoken={}",
        JWT + " {}",
    ),
)
def test_a_secret_is_recognised_whatever_stands_around_it_and_is_not_in_the_repr(around: str) -> None:
    for secret in (*map(opaque.mint, opaque.SECRET_PREFIXES), "5f0c5c6e-8c1c-4d5e-9b1a-0123456789ab"):
        if around.startswith(JWT) and "-" in secret:
            continue
        found = recognised(around.format(secret))
        assert found is not None, secret
        assert (found.text, found.whole, found.alone) == (secret, True, False)
        assert secret not in repr(found)


def test_a_secret_that_is_percent_encoded_is_recognised() -> None:
    secret = opaque.mint(opaque.API_TOKEN)
    found = recognised(f"token={secret.replace('_', '%5F')}")
    assert found is not None
    assert found.text == secret


@each_case("around", (f"{JWT} {{}}", f"{JWT}\n{{}}", f"{JWT}.{{}}", f"{JWT}; token={{}}"))
def test_a_secret_after_a_jwt_is_recognised_also_where_it_is_mistyped_or_percent_encoded(around: str) -> None:
    for secret in map(opaque.mint, opaque.SECRET_PREFIXES):
        for text, whole in ((secret, True), (secret[:-1], False)):
            for pasted in (text, text.replace("_", "%5F"), text.replace("_", "%5f")):
                found = recognised(around.format(pasted))
                assert found is not None, pasted
                assert (found.text, found.whole, found.alone) == (text, whole, False), pasted


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("5f0c5c6e-8c1c-4d5e-9b1a-0123456789ab", True),
        ("5F0C5C6E-8C1C-4D5E-9B1A-0123456789AB", True),
        ("5f0c5c6e-8c1c-4d5e-9b1a-0123456789a", False),
        ("5f0c5c6e-8c1c-1d5e-9b1a-0123456789ab", False),
        ("5f0c5c6e-8c1c-4d5e-9b1a-", False),
    ],
)
def test_a_session_token_is_recognised_and_known_to_its_own_service_alone(text: str, whole: bool) -> None:
    found = recognised(text)
    assert found is not None
    assert (found.kind.noun_with_article, found.whole, found.registered) == ("a session token", whole, False)


@pytest.mark.parametrize(
    "text",
    ["5f0c5c6e", "2026-11-28", "5f0c5c6e8c1c4d5e9b1a0123456789ab", "", "a.b.c", "pgat", "eyJ.x.y", "xpgat_abc"],
)
def test_everything_else_is_left_to_the_issuer(text: str) -> None:
    assert recognised(text) is None


def test_a_kid_and_an_id_are_told_by_themselves_alone() -> None:
    kid, id_ = opaque.public_id(opaque.KEY_PAIR), "0190c0de-0000-7000-8000-000000000001"
    for text, whole, noun in (
        (kid, True, "a key pair's KID"),
        (kid[:-1], False, "a key pair's KID"),
        (id_, True, "an id of something in Passgate"),
        (id_.replace("-7", "-4"), True, "a session token"),
    ):
        found = recognised(text)
        assert found is not None
        assert (found.whole, found.kind.noun_with_article) == (whole, noun)
    secret = opaque.mint(opaque.API_TOKEN)
    beside = recognised(f"{kid} {secret}")
    assert beside is not None
    assert (beside.text, beside.alone) == (secret, False), "a secret is never behind what is none"
