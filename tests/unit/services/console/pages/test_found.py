"""What a search has found leads to the page that it has."""

from typing import Any

from services.console.pages.found import path_of_found
from tests.support.cases import each_case

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
