"""A form changes something only if it came with a page of this very session."""

import pytest

from services.console.browser.forms import Form, csrf_token, require_csrf_token
from shared.errors import Forbidden


def test_a_form_of_this_session_is_taken() -> None:
    require_csrf_token(Form([("csrf", csrf_token("token"))]), "token")


@pytest.mark.parametrize("given", ["", "x", "ü", csrf_token("another")])
def test_a_form_without_this_sessions_own_token_is_refused(given: str) -> None:
    with pytest.raises(Forbidden):
        require_csrf_token(Form([("csrf", given)]), "token")


def test_what_a_form_carries_does_not_show_the_sessions_token() -> None:
    """Looked for in hex digits, which is what a digest consists of."""
    token = "".join(f"{n:02x}" for n in range(64))
    shown = csrf_token(token)
    assert not [n for n in range(len(token) - 7) if token[n : n + 8] in shown]
    assert shown != csrf_token(token[:-1] + "0")


def test_what_was_typed_is_shown_again_but_no_password() -> None:
    form = Form([("csrf", "c"), ("email", "a@b"), ("password", "p"), ("current", "p"), ("new", "q")])
    assert form.values() == {"email": "a@b"}


def test_texts_are_trimmed_and_passwords_are_not() -> None:
    form = Form([("name", " x "), ("password", " p ")])
    assert (form.text("name"), form.secret("password"), form.text("absent")) == ("x", " p ", "")
