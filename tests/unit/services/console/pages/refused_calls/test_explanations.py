"""A refused call is explained by its cause, and where that says nothing to a partner by its status."""

from services.console.pages.refused_calls.explanations import EXPLANATIONS, explanation_of, titles
from services.console.pages.refused_calls.operators import TODO
from shared.refusal_traces.causes import CHECKS

CALL = {"path": "/v2.0/site", "credential": ""}


def test_cause_comes_before_status_and_nothing_is_left_unexplained() -> None:
    assert explanation_of({**CALL, "cause": "quota_exceeded", "status": 429}) == EXPLANATIONS["quota_exceeded"]
    assert explanation_of({**CALL, "cause": "anything", "status": 429}).title == "Too many at once"
    assert "not at fault" in explanation_of({**CALL, "cause": "circuit_open", "status": 503}).todo
    assert all(title and todo.endswith(".") for title, todo in EXPLANATIONS.values())
    assert [todo for todo in TODO.values() if not todo.endswith(".")] == []


def test_what_an_operator_can_do_is_of_causes_that_there_are() -> None:
    assert TODO.keys() - CHECKS.keys() == set()


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
    swapped = {**misplaced, "credential": "pgcs_"}
    assert "swapped" in explanation_of({**swapped, "path": "/auth/token"}).title
    assert "swapped" not in explanation_of(swapped).title
    assert explanation_of({**misplaced, "credential": "pgil_"}) == EXPLANATIONS["wrong_kind"]


def test_causes_are_offered_by_title_with_one_that_has_none() -> None:
    offered = dict(titles("some_cause"))
    assert offered["some_cause"] == "Some cause"
    assert offered.keys() == EXPLANATIONS.keys() | {"some_cause"}
    assert dict(titles()).keys() == EXPLANATIONS.keys()
