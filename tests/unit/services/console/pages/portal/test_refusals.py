"""A refused call is explained by its cause, and where that says nothing to a partner by its status."""

from services.console.pages.portal.refusals import EXPLANATIONS, explanation_of


def test_cause_comes_before_status_and_nothing_is_left_unexplained() -> None:
    assert explanation_of({"cause": "quota_exceeded", "status": 429}) == EXPLANATIONS["quota_exceeded"]
    assert explanation_of({"cause": "anything", "status": 429}).title == "Too many at once"
    assert "not at fault" in explanation_of({"cause": "circuit_open", "status": 503}).todo
    assert all(title and todo.endswith(".") for title, todo in EXPLANATIONS.values())
