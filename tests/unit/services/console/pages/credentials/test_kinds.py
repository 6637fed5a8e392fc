"""What the page of a new credential shows, and what each kind is called."""

from services.console.pages.credentials.kinds import BY_PATH, noun_of_kind, shown_once

COMPANY = {"client_prefix": "blabla"}


def test_an_uploaded_key_has_no_private_half_to_show() -> None:
    created = {"kid": "kp_x", "public_key": "PEM", "private_key": None, "company": COMPANY}
    assert [shown.label for shown, _ in shown_once(BY_PATH["key-pairs"], created)] == ["Key ID (KID)", "Public Key"]


def test_kinds_are_named_as_people_name_them() -> None:
    assert [noun_of_kind(kind) for kind in ("api_client", "key_pair")] == ["API client", "key pair"]


def test_api_clients_and_key_pairs_have_scopes_and_no_other_kind() -> None:
    assert {path for path, kind in BY_PATH.items() if kind.has_scopes} == {"api-clients", "key-pairs"}
