"""A refused call is explained by its cause, and where that says nothing to a partner by its status."""

from services.console.pages.portal.refusals import EXPLANATIONS, credential_of, explanation_of, of_calls


def test_cause_comes_before_status_and_nothing_is_left_unexplained() -> None:
    assert explanation_of({"cause": "quota_exceeded", "status": 429}) == EXPLANATIONS["quota_exceeded"]
    assert explanation_of({"cause": "anything", "status": 429}).title == "Too many at once"
    assert "not at fault" in explanation_of({"cause": "circuit_open", "status": 503}).todo
    assert all(title and todo.endswith(".") for title, todo in EXPLANATIONS.values())


def decision(request_id: str, process: str, **members: object) -> dict[str, object]:
    return {"request_id": request_id, "steps": [{"process": process}], **members}


def test_a_call_is_one_and_as_the_gateway_saw_it() -> None:
    inner, outer = decision("r1", "operator_validator@b:2"), decision("r1", "gateway@a:1")
    other = decision("r2", "token_issuer@c:3")
    for order in ([inner, outer, other], [outer, inner, other]):
        assert of_calls(order) == [outer, other]
    assert of_calls([{**inner, "steps": []}]) == [{**inner, "steps": []}]


def test_a_credential_leads_to_its_page_where_there_is_one() -> None:
    assert credential_of({"credential_kind": "api_client", "credential": "pgck_x"}) == (
        "API client",
        "api-clients/pgck_x",
    )
    assert credential_of({"credential_kind": "api_token", "credential": ""}) == ("API token", "")
    assert credential_of({"credential_kind": "jwt", "credential": "x"}) == ("jwt", "")
