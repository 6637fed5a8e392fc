"""What a new credential is called in a shell, and the file that it comes with."""

from services.console.http.new_credentials import ENVIRONMENT_FILE
from services.console.pages.credentials.environment_file import (
    MAX_FILE_NAME_CHARACTERS,
    environment,
    environment_file,
)
from services.console.pages.credentials.kinds import BY_PATH, shown_once
from tests.support.cases import each_case

COMPANY = {"client_prefix": "blabla"}


def test_an_api_token_comes_with_what_its_holder_needs_beside_it() -> None:
    created = {"token": "pgat_x", "company": COMPANY, "application": {"application_prefix": "SMS"}}
    values = shown_once(BY_PATH["api-tokens"], created)
    assert environment(values) == "API_TOKEN=pgat_x\nCLIENT_PREFIX=blabla\nAPPLICATION_PREFIX=SMS\n"


def test_what_has_several_lines_is_no_shell_variable() -> None:
    created = {"kid": "kp_x", "public_key": "P\nM", "private_key": "P\nM", "company": COMPANY}
    assert environment(shown_once(BY_PATH["key-pairs"], created)) == ""


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
