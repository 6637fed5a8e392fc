"""A refused call is explained by its cause, and where that says nothing to a partner by its status."""

from typing import Any

from services.console.pages.refused_calls.by_cause import (
    BY_STATUS,
    EXPLANATIONS,
    HOW_TO_CALL,
    OF_NOBODY,
    Explanation,
)
from services.console.pages.refused_calls.explanations import explanation_of
from services.console.pages.refused_calls.operators import REMEDIES, todo_of_operator
from services.console.pages.refused_calls.stopped import stop_of
from shared.audit.mismatch import (
    A_CLIENT_PREFIX,
    A_JWT,
    A_KID,
    A_SESSION_TOKEN,
    AN_ACCESS_TOKEN,
    AN_ASSERTION,
)
from shared.contracts.refusal_traces import TraceStep
from shared.identifiers import credential_version_id
from shared.refusal_traces.causes import CHECKS
from shared.refusal_traces.steps import failed, found_stopped
from tests.support.cases import each_case

CALL = {"path": "/v2.0/site", "credential": "", "steps": []}


def test_cause_comes_before_status_and_nothing_is_left_unexplained() -> None:
    assert explanation_of({**CALL, "cause": "quota_exceeded", "status": 429}) == EXPLANATIONS["quota_exceeded"]
    assert explanation_of({**CALL, "cause": "anything", "status": 429}).title == "Too many at once"
    assert "not at fault" in explanation_of({**CALL, "cause": "circuit_open", "status": 503}).todo
    assert all(title and todo.endswith(".") for title, todo, _ in EXPLANATIONS.values())
    assert [todo for todo in REMEDIES.values() if not todo.endswith(".")] == []


def test_a_page_that_is_named_is_said_to_be_one_of_the_companys_menu() -> None:
    for explanation in (*EXPLANATIONS.values(), *OF_NOBODY.values(), *BY_STATUS.values()):
        assert (HOW_TO_CALL in explanation.todo) == (explanation.page == HOW_TO_CALL), explanation.title


def test_what_is_said_is_of_causes_that_there_are() -> None:
    for told in (REMEDIES, EXPLANATIONS, OF_NOBODY):
        assert told.keys() - CHECKS.keys() == set()


def test_every_cause_that_is_no_fault_of_ours_has_an_explanation_of_its_own() -> None:
    assert EXPLANATIONS.keys() & OF_NOBODY.keys() == set()
    assert all(title and todo.endswith(".") for title, todo, _ in OF_NOBODY.values())
    for cause in CHECKS.keys() - EXPLANATIONS.keys() - OF_NOBODY.keys():
        assert CHECKS[cause].name in ("knowledge", "upstream", "gateway"), cause
        assert "not at fault" in explanation_of({**CALL, "cause": cause, "status": 503}).todo


@each_case("cause", ["jti_used", "wrong_subject", "wrong_type", "algorithm_not_allowed", "invalid_grant"])
def test_an_assertion_that_was_read_is_not_said_to_be_unreadable(cause: str) -> None:
    assert "could not be read" not in explanation_of({**CALL, "cause": cause, "status": 400}).title


def test_advice_is_that_of_the_endpoint() -> None:
    call = {**CALL, "cause": "wrong_company", "status": 200}
    assert "X-Client-Prefix" in explanation_of(call).todo
    at_validator = explanation_of({**call, "path": "/OKIT.Operator.Api/api/tokenValidator"})
    assert "parameter clientPrefix" in at_validator.todo
    assert "capital and small letters" in at_validator.todo
    assert "X-Client-Prefix" not in at_validator.todo


def test_a_mistyped_secret_is_named_by_its_kind() -> None:
    mistyped = {**CALL, "cause": "malformed", "status": 401}
    assert explanation_of({**mistyped, "credential": "pgak_"}).title == "An access key was mistyped or cut off"
    assert explanation_of({**mistyped, "credential": "kid x"}) == EXPLANATIONS["malformed"]


def test_a_credential_of_another_kind_is_named_with_the_place_where_it_goes() -> None:
    misplaced = {**CALL, "cause": "wrong_kind", "status": 401}
    found = explanation_of({**misplaced, "credential": "pgat_"})
    assert found.title == "An API token was sent where another kind of credential belongs"
    assert "X-Api-Token" in found.todo
    key = explanation_of({**misplaced, "credential": "pgck_"})
    assert key.title == "An API client's key was sent where another kind of credential belongs"
    secret = explanation_of({**misplaced, "credential": "pgcs_"})
    assert secret.title == "An API client's secret was sent where another kind of credential belongs"
    assert "after the key and a colon" in secret.todo
    assert explanation_of({**misplaced, "credential": "kid x"}) == EXPLANATIONS["wrong_kind"]


def step(cause: str, *, found: str = "worded some day", expected: str = "", kind: str = "") -> dict[str, Any]:
    """Of a check that failed, as the admin API shows it."""
    return as_shown(failed(cause, found, expected, kind=kind))


def as_shown(trace_step: TraceStep) -> dict[str, Any]:
    return {**trace_step.model_dump(), "found_kind": trace_step.found_kind, "found_id": trace_step.found_id}


def _wrong_kind(kind: str, expected: str, credential: str = "") -> Explanation:
    steps = [step("wrong_kind", expected=expected, kind=kind)]
    return explanation_of({**CALL, "cause": "wrong_kind", "status": 401, "credential": credential, "steps": steps})


@each_case("prefix", ["pgat_", "pgak_", "pgck_", "pgcs_"])
def test_a_credential_of_another_kind_is_told_first_what_the_api_reads(prefix: str) -> None:
    todo = _wrong_kind(prefix, "a session token (x-api-token)", prefix).todo
    assert todo.startswith("This API reads a session token (x-api-token): send that. A")
    assert " belongs elsewhere: send it " in todo


@each_case(
    "case",
    [
        (A_SESSION_TOKEN, "A session token"),
        (A_KID, "A key pair's KID"),
        (A_JWT, "A JWT"),
        (A_CLIENT_PREFIX, "A client prefix"),
        (AN_ACCESS_TOKEN, "An access token"),
        (AN_ASSERTION, "A JWT of a key pair"),
    ],
)
def test_what_has_no_prefix_is_named_by_its_form_and_not_told_to_request_a_token(case: tuple[str, str]) -> None:
    kind, named = case
    explained = _wrong_kind(kind, "an API token", "a token in X-Api-Token")
    assert explained.title == f"{named} was sent where another kind of credential belongs"
    assert explained.todo.startswith("This API reads an API token: send that.")
    assert "Request a new token" not in explained.todo


def test_a_secret_that_is_missing_is_not_said_to_be_wrong() -> None:
    explained = explanation_of({**CALL, "cause": "no_secret", "status": 401, "credential_kind": "api_client"})
    assert explained.title == "The API client's secret is missing"


def test_key_and_secret_that_were_swapped_are_told_by_the_cause_alone() -> None:
    found = explanation_of({**CALL, "cause": "swapped", "status": 401, "credential": "pgcs_"})
    assert found.title == "The key and the secret of an API client were swapped"
    assert found == explanation_of({**CALL, "cause": "swapped", "status": 401, "path": "/shop/v1/token"})


def test_a_clients_secret_that_is_none_is_not_said_to_need_a_rotation() -> None:
    def explained(cause: str, kind: str = "") -> Explanation:
        own = {"credential": "pgck_1", "credential_kind": "api_client"}
        steps = [step(cause, kind=kind)]
        return explanation_of({**CALL, **own, "path": "/auth/token", "cause": cause, "status": 401, "steps": steps})

    cut_off = explained("malformed")
    assert cut_off.title == "The API client's secret was mistyped or cut off"
    assert explained("more_than_secret").title == "Something else was sent with the API client's secret"
    token = explained("wrong_kind", "pgat_")
    assert token.title == "An API token was sent in the place of the API client's secret"
    assert "An API token belongs elsewhere: send it in X-Api-Token" in token.todo
    key_twice = explained("wrong_kind", "pgck_")
    assert key_twice.title == "An API client's key was sent in the place of the API client's secret"
    of_another = explained("wrong_secret")
    assert of_another.title == "The secret is not one of this API client's"
    for explanation in (cut_off, token, key_twice):
        assert "rotate" not in explanation.todo


def test_a_credential_in_the_wrong_place_is_named_with_both_places() -> None:
    elsewhere = {"found": "X-Api-Token (begins with pgat_)", "expected": "a bearer token"}
    call = {**CALL, "cause": "wrong_place", "status": 401, "steps": [elsewhere]}
    found = explanation_of({**call, "credential": "pgat_"})
    assert found.title == "An API token was sent where this API does not read it"
    assert found.todo == "The call has X-Api-Token (begins with pgat_). This API reads a bearer token: send that."
    assert explanation_of(call).title == "A credential was sent where this API does not read it"
    assert explanation_of({**call, "steps": []}) == OF_NOBODY["wrong_place"]


def test_a_call_with_nothing_is_told_what_the_api_reads_and_where() -> None:
    call = {**CALL, "cause": "no_credential", "status": 401}
    read = "an API token (X-Api-Token and X-Client-Prefix)"
    found = explanation_of({**call, "steps": [step("no_credential", expected=read)]})
    assert found.title == "No credential was sent"
    assert found.todo.startswith(f"This API reads {read}: send that.")
    assert explanation_of(call) == EXPLANATIONS["no_credential"]
    assert explanation_of({**call, "steps": [step("no_credential")]}) == EXPLANATIONS["no_credential"]


def test_an_operator_is_sent_to_no_page_for_what_the_sender_alone_can_mend() -> None:
    for cause in ("wrong_kind", "wrong_place"):
        for path in ("/v2.0/site", "/shop/v1/token"):
            by_gateway = {**CALL, "cause": cause, "path": path, "steps": [{"process": "gateway@a"}]}
            assert "Routes says" in todo_of_operator(by_gateway), path
        for process, path in (("token_issuer@a", "/auth/token"), ("session_tokens@a", "/generate")):
            of_ours = {**CALL, "cause": cause, "path": path, "steps": [{"process": process}]}
            assert todo_of_operator(of_ours) == "", path
    assert [todo for todo in REMEDIES.values() if "How to call" in todo] == []


def test_an_api_token_and_a_client_prefix_that_were_swapped_are_called_that() -> None:
    steps = [step("swapped", kind="pgat_")]
    found = explanation_of({**CALL, "cause": "swapped", "status": 401, "credential": "pgat_", "steps": steps})
    assert found.title == "The API token and the client prefix were swapped"
    assert "X-Client-Prefix" in found.todo


def _stopped_by(found: str, status: str = "", cause: str = "stopped") -> dict[str, Any]:
    steps = [as_shown(found_stopped(cause, *found.split(" ")))]
    stopped = {"effective_status": status} if status else None
    own = {"credential": "pgck_1", "credential_kind": "api_client", "steps": steps, "stopped": stopped}
    return {**CALL, **own, "cause": cause, "status": 401}


ID = "0190c0de-0000-7000-8000-000000000001"


@each_case("cause", ["stopped", "revoked"])
def test_a_token_of_a_credential_that_was_itself_stopped_is_not_said_to_wait_for_something_else(cause: str) -> None:
    own = f"api_client {ID}"
    assert explanation_of(_stopped_by(own, "revoked", cause)) == EXPLANATIONS["revoked"]
    assert explanation_of(_stopped_by(own, "suspended", cause)) == EXPLANATIONS["suspended"]
    assert explanation_of(_stopped_by(own, "expired", cause)).title == "The credential has expired"
    assert (
        explanation_of(_stopped_by(own, "active", cause)).title
        == "The credential was stopped then, and is active now"
    )
    assert explanation_of(_stopped_by(own, cause=cause)).title == "The credential itself is stopped"
    ended = explanation_of(_stopped_by(f"{own}_v2", "active", cause))
    assert "secret that the token was requested with was ended" in ended.title
    assert explanation_of(_stopped_by("jwt j1", cause=cause)).title == "The token was revoked"
    assert explanation_of(_stopped_by(f"company {ID}", "suspended", cause)) == EXPLANATIONS["company_suspended"]
    assert explanation_of(_stopped_by(f"booking {ID}", "revoked", cause)) == EXPLANATIONS["booking_revoked"]
    assert "something that it depends on" in explanation_of(_stopped_by(f"application {ID}", cause=cause)).title


def test_an_operator_is_told_what_can_be_done_about_what_is_stopped_now() -> None:
    own = f"api_client {ID}"
    revoked = todo_of_operator(_stopped_by(own, "revoked"))
    assert revoked == REMEDIES["revoked"]
    assert "resumed at its page" not in revoked
    assert todo_of_operator(_stopped_by(own, "suspended")) == REMEDIES["suspended"]
    assert todo_of_operator(_stopped_by(own, "expired")) == REMEDIES["expired"]
    assert "active again" in todo_of_operator(_stopped_by(own, "active"))
    assert todo_of_operator(_stopped_by(f"{own}_v2", "active")) == REMEDIES["version_revoked"]
    assert todo_of_operator(_stopped_by(f"{own}_v2")) == REMEDIES["version_revoked"]
    assert todo_of_operator(_stopped_by(f"booking {ID}", "revoked")) == REMEDIES["booking_revoked"]
    assert "new token" in todo_of_operator(_stopped_by("jwt j1"))
    assert todo_of_operator(_stopped_by(own)) == REMEDIES["stopped"]


def test_of_an_ended_secret_it_is_said_whether_the_call_had_itself_or_a_token_made_with_it() -> None:
    assert explanation_of(_stopped_by(f"api_token {ID}_v1")) == EXPLANATIONS["version_revoked"]
    for kind in ("api_client", "access_key"):
        assert "requested with was ended" in explanation_of(_stopped_by(f"{kind} {ID}_v1", "active")).title


def test_nobody_waits_for_what_is_revoked_to_be_resumed() -> None:
    for cause, explanation in EXPLANATIONS.items():
        assert not (cause.endswith("revoked") and "resumed" in explanation.todo), cause


@each_case("version", [0, 2])
def test_what_the_gateway_writes_of_a_stop_is_understood(version: int) -> None:
    id_ = credential_version_id(ID, version) if version else ID
    stopped = as_shown(found_stopped("stopped", "api_client", id_))
    assert stop_of({**CALL, "steps": [stopped]}) == ("api_client", ID, version)
    assert stop_of({**CALL, "steps": [step("revoked", found="revoked")]}) is None
