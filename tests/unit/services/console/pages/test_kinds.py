"""What the page of a new credential shows, and what it is called in a shell."""

from services.console.pages.kinds import BY_PATH, environment, shown_once

COMPANY = {"client_prefix": "blabla"}


def test_an_api_token_comes_with_what_its_holder_needs_beside_it() -> None:
    created = {"token": "pgat_x", "company": COMPANY, "application": {"application_prefix": "SMS"}}
    values = shown_once(BY_PATH["api-tokens"], created)
    assert environment(values) == "API_TOKEN=pgat_x\nCLIENT_PREFIX=blabla\nAPPLICATION_PREFIX=SMS\n"


def test_an_uploaded_key_has_no_private_half_to_show() -> None:
    created = {"kid": "kp_x", "public_key": "PEM", "private_key": None, "company": COMPANY}
    assert [shown.label for shown, _ in shown_once(BY_PATH["key-pairs"], created)] == ["Key ID (KID)", "Public Key"]


def test_what_has_several_lines_is_no_shell_variable() -> None:
    created = {"kid": "kp_x", "public_key": "P\nM", "private_key": "P\nM", "company": COMPANY}
    assert environment(shown_once(BY_PATH["key-pairs"], created)) == ""
