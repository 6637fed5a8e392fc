"""A link's token is in the path of its page, and in no request that the page makes."""

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.timeout(240)


def test_no_request_of_an_invitations_page_names_its_token_in_referer(
    owner: "Page", browser: "Browser", values: dict[str, str]
) -> None:
    owner.goto("/companies/blabla/people")
    owner.get_by_role("button", name="Make invitation link").click()
    link = owner.get_by_label("One-time link").input_value()
    context = browser.new_context(base_url=values["CONSOLE_URL"])
    page, sent = context.new_page(), list[tuple[str, dict[str, str]]]()
    page.on("requestfinished", lambda request: sent.append((request.method, request.all_headers())))
    page.goto(link)
    page.get_by_label("E-mail").fill(f"{secrets.token_hex(4)}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.get_by_role("heading", name="BlaBla").wait_for()
    page.goto(link)
    page.get_by_role("link", name="To the start page").click()
    page.get_by_role("heading", name="BlaBla").wait_for()
    assert len([headers for _, headers in sent if "referer" in headers]) > 2
    assert {headers["referer"] for _, headers in sent if "referer" in headers} == {f"{values['CONSOLE_URL']}/"}
    forms = [headers for method, headers in sent if method == "POST"]
    assert [headers["origin"] for headers in forms] == [values["CONSOLE_URL"]], "older browsers are judged by it"
    context.close()
