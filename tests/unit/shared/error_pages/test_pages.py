"""Every refusal that a partner can get names a page, and the page is there: static, without scripts."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gateway.proxy.direct_response import direct_response
from services.token_issuer import oauth_errors
from shared.error_pages.codes import CODES
from shared.error_pages.pages import LINES, PAGES_PATH, ErrorTypes, page_of
from shared.errors import ServiceError
from tests.support.cases import each_case
from tests.support.http1.heads import head_of

ROOT = Path(__file__).resolve().parents[4]
CODE = re.compile(
    r"code(?:: str)? ?= ?\"([a-z_]+)\"|Refusal\(\s*\d{3},\s*\"([a-z_]+)\""
    r"|\d{3}: \(\"([a-z_]+)\", \"|code, description = \"([a-z_]+)\""
)


def codes() -> list[str]:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "gateway").rglob("*.py")))
    return sorted({code for found in CODE.findall(sources) for code in found if code})


def test_codes_are_found() -> None:
    assert {"invalid_token", "malformed_request", "bad_gateway", "overloaded", "too_many_requests"} <= set(codes())


@each_case("code", codes())
def test_each_code_of_the_gateway_has_a_page(code: str) -> None:
    assert page_of(PAGES_PATH + code) is not None


def test_each_code_of_oauth_has_a_page() -> None:
    classes = [
        one for one in vars(oauth_errors).values() if isinstance(one, type) and issubclass(one, ServiceError)
    ]
    named = {one.code for one in classes} - {"error", "invalid", "unauthenticated"} | {"temporarily_unavailable"}
    assert named <= CODES.keys()


def test_each_code_of_the_admin_api_has_a_page() -> None:
    sources = [ROOT / "shared/errors.py", *sorted((ROOT / "services/key_registry").rglob("*.py"))]
    named = {code for path in sources for code in re.findall(r"^    code = \"([a-z_]+)\"", path.read_text(), re.M)}
    assert named - {"error"} <= CODES.keys()


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}


@each_case("code", CODES)
def test_page_is_small_and_holds_nothing_that_runs_or_loads(code: str) -> None:
    page = page_of(PAGES_PATH + code)
    assert page is not None
    reader = Reader()
    reader.feed(page.decode())
    assert set(reader.tags) <= {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "code"}
    assert reader.attributes == {"lang", "charset"}
    assert len(page) < 3000


def test_page_comes_with_a_policy_that_lets_nothing_run() -> None:
    response = direct_response(head_of(line=f"GET {PAGES_PATH}invalid_token?x=1 HTTP/1.1"), "r", lambda: None)  # type: ignore[arg-type, return-value]
    assert response is not None
    assert (response.status, response.body) == (200, page_of(f"{PAGES_PATH}invalid_token"))
    assert any(line.startswith("Content-Security-Policy: default-src 'none'; style-src 'sha256-") for line in LINES)
    assert set(LINES) <= set(response.lines)


@pytest.mark.parametrize("line", ["GET {}nothing", "POST {}invalid_token", "GET {}invalid_token/", "GET {}"])
def test_what_is_no_page_is_decided_upon(line: str) -> None:
    head = head_of(line=line.format(PAGES_PATH) + " HTTP/1.1")
    assert direct_response(head, "r", lambda: None) is None  # type: ignore[arg-type, return-value]


def test_type_leads_to_the_pages_wherever_they_are() -> None:
    types = ErrorTypes()
    types.lead_to("https://docs.example/passgate")
    assert types.of("invalid_token") == "https://docs.example/passgate/errors/invalid_token"
    assert types.of("no_such_code") == "about:blank"
