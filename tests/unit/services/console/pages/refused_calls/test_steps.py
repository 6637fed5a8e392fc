"""What the release before wrote of refused calls is explained as it was then, without the members that are new."""

from typing import Any

from services.console.pages.refused_calls.by_cause import Explanation
from services.console.pages.refused_calls.explanations import explanation_of
from services.console.pages.refused_calls.operators import REMEDIES, todo_of_operator
from services.console.pages.refused_calls.steps import found_of
from services.console.pages.refused_calls.stopped import stop_of
from services.console.pages.refused_calls.titles import found_in_words
from tests.support.cases import each_case

ID = "0190c0de-0000-7000-8000-000000000001"


def step(found: str, *, ok: bool = False, expected: str = "what the release before said") -> dict[str, Any]:
    return {"check": "form", "ok": ok, "found": found, "expected": expected}


def decision(cause: str, *steps: dict[str, Any], **members: Any) -> dict[str, Any]:
    call = {"path": "/auth/token", "status": 401, "credential": "", "credential_kind": ""}
    return {**call, "cause": cause, "steps": list(steps), **members}


@each_case(
    "found, kind",
    (
        ("it begins with pgat_", "pgat_"),
        ("wrong_kind: it begins with pgcs_", "pgcs_"),
        ("a session token, by its form", "session_token"),
        ("the KID of a key pair, by its form", "kid"),
        ("a JWT, by its form", "jwt"),
        ("the client prefix", "client_prefix"),
        ("a JWT with the kid of a token issuer, as access tokens have", "access_token"),
        ("a JWT with the kid of a key pair, as assertions have", "assertion"),
        ("X-Api-Token (begins with pgat_)", ""),
        ("no credential", ""),
    ),
)
def test_another_kind_is_known_by_the_text_of_then(found: str, kind: str) -> None:
    assert found_of(step(found)) == (kind, "")


def test_what_is_stopped_is_known_by_the_text_of_then() -> None:
    for found, stop in (
        (f"stopped: api_client {ID}", ("api_client", ID, 0)),
        ("stopped: jwt j 1", ("jwt", "j 1", 0)),
    ):
        assert stop_of(decision("stopped", step("site", ok=True), step(found))) == stop
    secret = decision("stopped", step(f"stopped: api_client {ID}_v2"))
    assert stop_of(secret) == ("api_client", ID, 2)
    assert todo_of_operator(secret) == REMEDIES["version_revoked"]
    assert found_in_words(step(f"stopped: api_client {ID}")) == f"API client {ID} is stopped"


def test_a_check_that_has_passed_names_neither() -> None:
    assert found_of(step("the client prefix", ok=True)) == ("", "")


def test_a_secret_with_something_beside_it_is_said_to_be_that() -> None:
    found = "a whole secret with something else beside it"
    of_before = decision("malformed", step(found), credential="pgck_1", credential_kind="api_client")
    assert explanation_of(of_before) == explanation_of(decision("more_than_secret"))
    assert todo_of_operator(of_before) == REMEDIES["more_than_secret"]


@each_case(
    "cause, found, title",
    (
        ("malformed", "no whole secret: its form or its check value does not fit", "was mistyped or cut off"),
        ("wrong_kind", "it begins with pgat_", "An API token was sent in the place of the API client's secret"),
    ),
)
def test_what_came_as_a_secret_is_said_to_be_that(cause: str, found: str, title: str) -> None:
    of_before = decision(cause, step(found), credential="pgck_1", credential_kind="api_client")
    assert title in explanation_of(of_before).title


def test_what_was_swapped_is_said_to_be_that_of_both_pairs() -> None:
    def explained(found: str) -> Explanation:
        return explanation_of(decision("swapped", step(found)))

    assert "API token and the client prefix" in explained("it begins with pgat_").title
    assert "The key and the secret of an API client" in explained("swapped: it begins with pgcs_").title


@each_case(
    "found, said",
    (
        ("no_credential: Wrong token", "No credential was sent"),
        ("wrong_secret: client authentication failed", "The secret is not one of this API client's"),
        ("no_credential: a credential is required", "No credential was sent"),
        ("wrong_kind: it begins with pgat_", "it begins with pgat_"),
    ),
)
def test_what_its_services_said_of_every_cause_is_left_out(found: str, said: str) -> None:
    assert found_in_words(step(found)) == said
