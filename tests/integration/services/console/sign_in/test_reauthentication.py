"""A fresh sign-in at the OpenID provider in the place of the password, as a person meets it."""

import pyotp
import pytest

from services.console.browser.cookies import FRESH_SIGN_IN_NAME, NAME
from tests.support.harness.console import Console
from tests.support.openid_provider import OpenIdProvider


async def test_who_has_no_password_confirms_at_the_provider_and_turns_on_a_second_factor(
    with_provider: tuple[Console, OpenIdProvider],
) -> None:
    console, provider = with_provider
    provider.email = "fresh@example.com"
    browser = console.browser()
    await browser.open(await console.invitation())
    await browser.follow("Create account with <b>Example</b>")
    session = browser.cookies[NAME]
    await browser.open("/account/second-factor")
    page = await browser.follow("Confirm with <b>Example</b>")
    assert (page.status, page.url) == (200, f"{console.url}/account/second-factor")
    assert "has confirmed that it is you" in page.words
    assert (browser.cookies[NAME], FRESH_SIGN_IN_NAME in browser.cookies) == (session, True)
    [line] = [line for line in browser.cookie_lines if line.startswith(FRESH_SIGN_IN_NAME)]
    assert {"httponly", "secure", "path=/", "max-age=300"} <= {part.strip().lower() for part in line.split(";")}
    page = await browser.press("Set up an authenticator")
    assert (page.status, FRESH_SIGN_IN_NAME in browser.cookies) == (201, False)
    code = pyotp.TOTP(page.labelled("Secret")).now()
    assert (await browser.press("Turn on", Code=code)).status == 201
    page = await browser.open("/account/second-factor")
    assert "Confirm with <b>Example</b>" in page.links, "it was for one act"


async def test_who_signs_in_at_the_provider_alone_is_asked_for_no_password(
    with_provider: tuple[Console, OpenIdProvider],
) -> None:
    console, provider = with_provider
    provider.email = "alone@example.com"
    browser = console.browser()
    await browser.open(await console.invitation())
    await browser.follow("Create account with <b>Example</b>")
    page = await browser.open("/account")
    assert "You sign in with <b>Example</b> alone: no password signs you in." in page.words
    assert "Change password" not in {button for form in page.forms for button in form.buttons}
    for path in ("/account/second-factor", "/account/passkeys"):
        page = await browser.open(path)
        assert "password" not in {name for form in page.forms for name, _ in form.fields}, path
    assert "Now none signs you in: <b>Example</b> alone does." in page.words


@pytest.mark.parametrize("signs_out", [True, False])
async def test_what_has_confirmed_an_act_is_gone_with_its_session(
    with_provider: tuple[Console, OpenIdProvider], signs_out: bool
) -> None:
    console, provider = with_provider
    browser = console.browser()
    for email in ("before@example.com", "after@example.com"):
        provider.email = f"{signs_out}-{email}".lower()
        await browser.open(await console.invitation())
        await browser.follow("Create account with <b>Example</b>")
        assert FRESH_SIGN_IN_NAME not in browser.cookies
        page = await browser.open("/account/second-factor")
        assert "has confirmed that it is you" not in page.words
        page = await browser.follow("Confirm with <b>Example</b>")
        assert FRESH_SIGN_IN_NAME in browser.cookies
        if signs_out:
            await browser.press("Sign out")
            assert FRESH_SIGN_IN_NAME not in browser.cookies


async def test_an_account_at_the_provider_that_is_another_one_confirms_nothing(
    with_provider: tuple[Console, OpenIdProvider],
) -> None:
    console, provider = with_provider
    provider.email = "third@example.com"
    browser = console.browser()
    await browser.open(await console.invitation())
    await browser.follow("Create account with <b>Example</b>")
    await browser.open("/account/second-factor")
    provider.subject = "another"
    page = await browser.follow("Confirm with <b>Example</b>")
    provider.subject = ""
    assert "did not confirm in time that it is you" in page.words
    assert (NAME in browser.cookies, FRESH_SIGN_IN_NAME in browser.cookies) == (True, False)
    for site in ("cross-site", "same-site"):
        page = await browser.open("/account/confirm?next=/account/passkeys", Sec_Fetch_Site=site)
        assert page.url == f"{console.url}/account"
    page = await browser.open("/account/confirm?next=//evil.example/", Sec_Fetch_Site="same-origin")
    assert page.url == f"{console.url}/account"
