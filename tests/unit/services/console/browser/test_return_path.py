"""After signing in one goes on at a page of ours, whatever a link said."""

import pytest

from services.console.browser.return_path import own_path


@pytest.mark.parametrize("path", ["/", "/companies", "/companies/blabla?new=x", "/explain?request_id=a%20b"])
def test_a_path_of_ours_is_where_one_goes_on(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "text",
    [
        "", "companies", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)",
        "/a\\..\\b", "/a\r\nSet-Cookie: x", "/a b", "/ü", "/\t/evil.example", "/" + "a" * 500,
    ],
)  # fmt: skip
def test_anything_else_is_the_start_page(text: str) -> None:
    assert own_path(text) == "/"
