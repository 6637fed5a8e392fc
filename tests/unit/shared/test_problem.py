"""RFC 9457 problem details: the same document for the same error, whichever Python writes it."""

from http import HTTPStatus

import pytest

from shared.problem import TITLES, problem_document, title_of
from tests.support.cases import each_case


def test_a_problem_has_the_members_of_the_rfc_and_the_request_by_its_id() -> None:
    assert problem_document(404, "not_found", "there is no such thing", request_id="abc") == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "code": "not_found",
        "detail": "there is no such thing",
        "request_id": "abc",
    }


def test_each_wrong_field_is_named_with_its_message() -> None:
    errors = [("name", "is missing"), ("scopes.0", "is no scope")]
    document = problem_document(422, "validation_failed", "some members are wrong", request_id="", errors=errors)
    assert document["errors"] == [
        {"field": "name", "message": "is missing"},
        {"field": "scopes.0", "message": "is no scope"},
    ]
    assert "errors" not in problem_document(422, "validation_failed", "x", request_id="")


@each_case("status", sorted(TITLES))
def test_the_title_is_the_phrase_of_the_status(status: int) -> None:
    renamed = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}
    assert title_of(status) == renamed.get(status, HTTPStatus(status).phrase)


@pytest.mark.parametrize(
    ("status", "title"), [(418, "Bad Request"), (499, "Bad Request"), (599, "Internal Server Error")]
)
def test_a_status_without_a_phrase_has_that_of_its_class(status: int, title: str) -> None:
    """RFC 9110 section 15: a status that is not known is treated as x00 of its class."""
    assert title_of(status) == title
