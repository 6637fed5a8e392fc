"""What the page of a new credential shows, what it is called in a shell, and where each kind has its page."""

from typing import Any

from services.console.http.new_credentials import ENVIRONMENT_FILE
from services.console.pages.kinds import (
    BY_PATH,
    MAX_FILE_NAME_CHARACTERS,
    environment,
    environment_file,
    noun_of_kind,
    path_of_found,
    shown_once,
)
from tests.support.cases import each_case

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


OF_COMPANY = {"client_prefix": "a&b", "name": "Blue Boats"}


@each_case(
    "kind, company, path",
    (
        ("company", OF_COMPANY, "/companies/a%26b"),
        ("booking", OF_COMPANY, "/companies/a%26b/booked-applications/1"),
        ("api_client", OF_COMPANY, "/companies/a%26b/api-clients/1"),
        ("application", None, "/applications"),
        ("admin_token", None, ""),
        ("admin_token", OF_COMPANY, ""),
    ),
)
def test_what_was_found_leads_to_its_page_if_it_has_one(kind: str, company: Any, path: str) -> None:
    assert path_of_found({"kind": kind, "id": "1", "company": company}) == path


def test_kinds_are_named_as_people_name_them() -> None:
    assert [noun_of_kind(kind) for kind in ("api_client", "key_pair")] == ["API client", "key pair"]


@each_case(
    "comment, name",
    (
        ("Weekly report", "api-client-weekly-report.env"),
        ("../../etc/passwd\r\nX: y", "api-client-etc-passwd-x-y.env"),
        ("Ünïcödé", "api-client-n-c-d.env"),
        ("…", "api-client-00000001.env"),
        ("a" * 300, f"api-client-{'a' * MAX_FILE_NAME_CHARACTERS}.env"),
    ),
)
def test_the_file_of_variables_is_named_after_the_credential(comment: str, name: str) -> None:
    credential = {"comment": comment, "id": "0190c0de-0000-7000-8000-000000000001"}
    assert environment_file(BY_PATH["api-clients"], credential) == name
    assert ENVIRONMENT_FILE.fullmatch(name)


def test_api_clients_and_key_pairs_have_scopes_and_no_other_kind() -> None:
    assert {path for path, kind in BY_PATH.items() if kind.has_scopes} == {"api-clients", "key-pairs"}
