"""Refused calls are one each, whoever has reported them, and lead to their credentials."""

from services.console.pages.refused_calls.calls import checks_of, credential_of, of_calls


def decision(request_id: str, process: str, **members: object) -> dict[str, object]:
    return {"request_id": request_id, "steps": [{"process": process}], **members}


def test_a_call_is_one_and_as_the_gateway_saw_it() -> None:
    inner, outer = decision("r1", "operator_validator@b:2"), decision("r1", "gateway@a:1")
    other = decision("r2", "token_issuer@c:3")
    for order in ([inner, outer, other], [outer, inner, other]):
        assert of_calls(order) == [outer, other]
    assert of_calls([{**inner, "steps": []}]) == [{**inner, "steps": []}]


def test_a_credential_leads_to_its_page_where_there_is_one() -> None:
    known = {"credential_kind": "api_client", "credential": "pgck_x", "credential_name": "Shop"}
    assert credential_of(known) == ("API client", "api-clients/pgck_x")
    assert credential_of({**known, "credential_name": None}) == ("Deleted API client", "")
    assert credential_of({"credential_kind": "api_token", "credential": ""}) == ("API token", "")
    assert credential_of({"credential_kind": "", "credential": "pgat_"}) == ("API token", "")
    assert credential_of({"credential_kind": "", "credential": "pgak_"}) == ("Access key", "")
    assert credential_of({"credential_kind": "", "credential": "pgck_"}) == ("API client's key", "")
    assert credential_of({"credential_kind": "", "credential": "kid x"}) == ("", "")
    assert credential_of({"credential_kind": "jwt", "credential": "x"}) == ("jwt", "")


def test_checks_are_told_apart_by_process() -> None:
    steps = [
        {"process": "gateway@a:1", "at": "2026-11-28T00:00:00Z"},
        {"process": "gateway@a:1", "at": "2026-11-28T00:00:00Z"},
        {"process": "token_issuer@b:2", "at": "2026-11-28T00:00:01Z"},
    ]
    found = list(checks_of({"steps": steps}))
    assert [(each.service, each.process, len(each.steps)) for each in found] == [
        ("gateway", "gateway@a:1", 2),
        ("token issuer", "token_issuer@b:2", 1),
    ]
    assert found[1].at == "2026-11-28T00:00:01Z"
