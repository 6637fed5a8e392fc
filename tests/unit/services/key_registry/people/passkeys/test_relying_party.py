"""Where browsers know passkeys, by the console's public URL."""

from typing import Any

import pytest

from services.key_registry.people.passkeys.relying_party import (
    InvalidCredential,
    RelyingParty,
    challenge_of,
    credential_id_of,
)


def test_the_relying_party_is_the_consoles_domain_and_origin() -> None:
    for url, party in {
        "https://console.example": ("console.example", "https://console.example"),
        "https://console.example:8443/path": ("console.example", "https://console.example:8443"),
        "https://Console.Example:443": ("console.example", "https://console.example"),
        "http://localhost:8106": ("localhost", "http://localhost:8106"),
        "http://127.0.0.1:8106": ("localhost", "http://localhost:8106"),
        "http://[::1]:8106": ("localhost", "http://localhost:8106"),
    }.items():
        assert RelyingParty.of_url(url) == party


def test_there_is_none_where_browsers_take_none() -> None:
    for url in (
        None,
        "",
        "https://192.0.2.1",
        "https://[2001:db8::1]",
        "http://console.example",
    ):
        assert RelyingParty.of_url(url) is None


def test_whatever_a_stranger_sends_is_invalid_and_no_other_error() -> None:
    hostile: tuple[dict[str, Any], ...] = (
        {},
        {"response": None},
        {"response": {"clientDataJSON": 7}},
        {"rawId": "\ud800"},
        {"rawId": []},
    )
    for credential in hostile:
        with pytest.raises(InvalidCredential):
            challenge_of(credential)
        with pytest.raises(InvalidCredential):
            credential_id_of(credential)
