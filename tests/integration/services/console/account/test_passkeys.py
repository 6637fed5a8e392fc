"""Passkeys as a person meets them; what the page's script does is done here; `tests/browser` runs it."""

import json
import re
from html import unescape

from services.console.browser.cookies import NAME
from tests.support.browser.browser import Browser
from tests.support.harness.console import PASSWORD, Console
from tests.support.software_authenticator import SoftwareAuthenticator

ORIGIN = "http://localhost:8106"


async def fetched_options(console: Console, **headers: str) -> tuple[int, str]:
    url = f"{console.url}/sign-in/passkey-options"
    async with console.http.post(url, headers={"Sec-Fetch-Site": "same-origin", **headers}) as response:
        assert response.headers["Cache-Control"] == "no-store"
        return response.status, await response.text()


async def with_passkey(person: Browser, name: str = "Phone") -> SoftwareAuthenticator:
    await person.open("/account/passkeys")
    csrf = [(name_, value) for name_, value in person.page.form_with("Sign out").fields if name_ == "csrf"]
    page = await person.post("/account/passkeys/begin", [*csrf, ("password", PASSWORD)])
    assert page.status == 201, page.words
    found = re.search(r'data-options="([^"]+)"', page.text)
    assert found is not None
    authenticator = SoftwareAuthenticator(ORIGIN)
    credential = authenticator.create(json.loads(unescape(found[1])))
    page = await person.post("/account/passkeys", [*csrf, ("name", name), ("credential", json.dumps(credential))])
    assert (page.status, f"Remove {name}" in page.words) == (200, True)
    return authenticator


async def sign_in(console: Console, authenticator: SoftwareAuthenticator, after: str = "/account") -> Browser:
    _, options = await fetched_options(console)
    browser = console.browser()
    credential = json.dumps(authenticator.get(json.loads(options)))
    await browser.post("/sign-in/passkey", [("next", after), ("credential", credential)])
    return browser


async def test_one_is_added_signs_in_and_is_removed(console: Console) -> None:
    person = await console.person("editor")
    page = await person.open("/account/passkeys")
    assert page.links[ORIGIN] == f"{ORIGIN}/account/passkeys"
    authenticator = await with_passkey(person, "<b>Phone</b>")
    assert "<b>Phone" not in person.page.text
    browser = await sign_in(console, authenticator)
    assert browser.page.url.endswith("/account")
    assert browser.cookies[NAME] != person.cookies[NAME]
    assert (await sign_in(console, authenticator, "//evil.example/")).page.url.startswith(console.url)
    await browser.open("/account/passkeys")
    page = await browser.press("Remove <b>Phone</b>")
    assert ("Remove <b>Phone</b>?" in page.words, "<b>Phone" in page.text) == (True, False)
    page = await browser.press("Yes, remove it", Current_password="not it at all")
    assert (page.status, 'id="password-wrong"' in page.text) == (422, True)
    page = await browser.press("Yes, remove it", Current_password=PASSWORD)
    assert "There is none yet" in page.words
    refused = await sign_in(console, authenticator)
    assert (refused.page.status, NAME in refused.cookies) == (401, False)
    assert refused.page.form_with("Sign in").fields[0] == ("next", "/account")


async def test_a_wrong_password_adds_none_and_what_is_no_passkey_is_no_error_of_ours(console: Console) -> None:
    person = await console.person()
    await person.open("/account")
    csrf = [(name, value) for name, value in person.page.form_with("Sign out").fields if name == "csrf"]
    assert (await person.post("/account/passkeys/begin", [*csrf, ("password", "not it at all")])).status == 422
    for credential in ("", "{}", "[]", '{"rawId":', "null"):
        fields = [("name", "x"), ("credential", credential)]
        assert (await person.post("/account/passkeys", [*csrf, *fields])).status == 422
        assert (await console.browser().post("/sign-in/passkey", fields)).status == 401


async def test_another_site_begins_and_finishes_nothing(console: Console) -> None:
    assert (await fetched_options(console, **{"Sec-Fetch-Site": "cross-site"}))[0] == 403
    forged = await console.browser().post("/sign-in/passkey", [("credential", "{}")], Sec_Fetch_Site="cross-site")
    assert forged.status == 403


async def test_the_sign_in_page_works_without_the_script(console: Console) -> None:
    page = await console.browser().open("/sign-in")
    assert re.search(r"<form[^>]+data-passkey[^>]+ hidden>", page.text)
    assert page.text.count("<script") == page.text.count('<script src="/assets/')
