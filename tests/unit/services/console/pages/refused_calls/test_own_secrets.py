"""What a partner has pasted is recognised by itself, and a typing mistake in it is found."""

import pytest

from services.console.pages.refused_calls.own_secrets import recognised
from shared import opaque

SECRETS = (opaque.API_TOKEN, opaque.ACCESS_KEY, opaque.API_CLIENT_SECRET)


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
    assert (key.whole, key.noun != secret.noun) == (True, True)


@pytest.mark.parametrize("text", ["", "a.b.c", "pgat", "eyJ.x.y", "xpgat_abc"])
def test_everything_else_is_left_to_the_issuer(text: str) -> None:
    assert recognised(text) is None
