"""What came where a credential belongs is named by its prefix or its form, and never by both."""

import pytest

from shared import opaque
from shared.audit.mismatch import A_CLIENT_PREFIX, known_as_api_token, known_by_form

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize("prefix", [*opaque.SECRET_PREFIXES, opaque.PENDING_SIGN_IN, opaque.API_CLIENT_KEY])
@pytest.mark.parametrize("body", ["", JWT, "01a22284-573c-7276-b395-9b839550b0b0", f"{opaque.KEY_PAIR}_{'a' * 22}"])
def test_what_begins_with_a_prefix_of_ours_is_known_by_no_form(prefix: str, body: str) -> None:
    assert opaque.claimed_prefix(f"{prefix}_{body}")
    assert known_by_form(f"{prefix}_{body}") == ""


def test_a_client_prefix_is_known_where_it_came_as_the_token_too() -> None:
    assert known_as_api_token("blabla", "blabla") == A_CLIENT_PREFIX
    assert known_as_api_token("blabla", "other") == known_as_api_token("", "") == ""
    assert known_as_api_token(JWT, "blabla") == known_by_form(JWT) != ""
