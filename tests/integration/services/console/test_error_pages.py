"""Whoever is signed in keeps the menu, also on the page of an error."""

from typing import Any

import pytest

from services.console.admin_api import AdminApi
from shared.errors import Conflict, ServiceError, TooManyRequests, Unavailable
from tests.integration.services.console.portal.visiting import visit
from tests.support.browser.browser import Browser
from tests.support.cases import each_case
from tests.support.harness.console import Console

OPERATORS, PARTNERS = {"Overview", "Companies", "Operations"}, {"Home", "How to call", "Doctor"}


async def test_what_there_is_not_has_the_menu_of_whoever_looks_for_it(console: Console, owner: Browser) -> None:
    partner = (await visit(console)).browser
    for browser, path, menu in ((owner, "/portal", OPERATORS), (partner, "/doctor", PARTNERS)):
        page = await browser.open(path)
        assert page.status == 404
        assert menu <= page.links.keys()
        assert any("Sign out" in form.buttons for form in page.forms)
        assert "Request id" in page.words


async def test_an_address_that_no_page_has_keeps_the_menu_and_a_stranger_gets_none(
    console: Console, owner: Browser
) -> None:
    visiting = await visit(console)
    for browser, menu in ((owner, OPERATORS), (visiting.browser, PARTNERS)):
        for path, status in (
            ("/nowhere", 404),
            (f"{visiting.base}/nowhere", 404),
            (f"{visiting.base}/suspend", 405),
        ):
            page = await browser.open(path)
            assert (page.status, page.links.keys() & menu) == (status, menu)
            assert any("Sign out" in form.buttons for form in page.forms)
            assert "Request id" in page.words
    browser = visiting.browser
    browser.cookies.clear()
    page = await browser.open("/nowhere")
    assert (page.status, page.links.keys() & PARTNERS) == (404, set())


async def test_what_a_role_may_not_do_has_the_menu(console: Console) -> None:
    visiting = await visit(console, "viewer")
    page = await visiting.browser.open("/portal/doctor")
    csrf = next(value for form in page.forms for name, value in form.fields if name == "csrf")
    await visiting.browser.post(f"{visiting.base}/access-keys", [("csrf", csrf), ("name", "shop")])
    assert visiting.browser.page.status == 403
    assert visiting.browser.page.links.keys() >= PARTNERS


@each_case(
    "error, status",
    ((Conflict("it is taken"), 409), (Unavailable(), 503), (TooManyRequests("slowly", retry_after=7), 429)),
)
async def test_what_fails_behind_a_page_has_the_menu_and_is_logged(
    owner: Browser, monkeypatch: pytest.MonkeyPatch, error: ServiceError, status: int, capsys: Any
) -> None:
    call = AdminApi._call

    async def failing(api: AdminApi, method: str, path: str, *more: Any) -> Any:
        if path.startswith("/me"):
            return await call(api, method, path, *more)
        raise error

    monkeypatch.setattr(AdminApi, "_call", failing)
    page = await owner.open("/companies")
    assert page.status == status
    assert page.links.keys() >= OPERATORS
    assert ("Retry-After" in owner.headers) is (status != 409)
    assert ("request.unavailable" in capsys.readouterr().out) is (status == 503)


async def test_where_nobody_can_be_known_there_is_no_menu(owner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(*_: Any) -> Any:
        raise Unavailable

    monkeypatch.setattr(AdminApi, "_call", failing)
    page = await owner.open("/companies")
    assert (page.status, page.links.keys() & OPERATORS) == (503, set())
