"""Signing in by an OpenID provider as a person does: from the page to the provider, and back."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from services.console.browser.cookies import CONFIRMATION_NAME, NAME, OPENID_NAME
from tests.support.harness.console import Console, running_console, shown_email
from tests.support.harness.key_registry import running_registry
from tests.support.harness.registry_databases import RegistryTemplate
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider, running_provider

CONSOLE_URL = "http://localhost:8106"
CALLBACK = "/sign-in/openid/callback"


@pytest.fixture(scope="module")
async def both(
    registry_template: RegistryTemplate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Console, OpenIdProvider]]:
    directory: Path = tmp_path_factory.mktemp("console")
    (directory / "webhook_key").write_text("k" * 42 + "w")
    (directory / "client_secret").write_text(CLIENT_SECRET)
    settings: dict[str, Any] = {
        "webhook_key_file": directory / "webhook_key",
        "console_url": CONSOLE_URL,
        "openid_client_id": CLIENT_ID,
        "openid_client_secret_file": directory / "client_secret",
        "openid_name": "<b>Example</b>",
        "openid_required_for": "everybody",
    }
    async with (
        running_provider(f"{CONSOLE_URL}{CALLBACK}", time.time) as provider,
        registry_template.copy() as url,
        running_registry(url, directory, openid_issuer=provider.issuer, **settings) as registry,
        running_console(registry) as console,
    ):
        provider.console = f"{console.url}{CALLBACK}"
        yield console, provider


async def test_an_invitation_is_accepted_and_signed_in_with_at_the_provider(
    both: tuple[Console, OpenIdProvider],
) -> None:
    console, provider = both
    provider.email = "first@example.com"
    browser = console.browser()
    page = await browser.open(await console.invitation())
    assert page.forms == [], "there is no password to choose"
    page = await browser.follow("Create account with <b>Example</b>")
    assert (page.status, page.url) == (200, f"{console.url}/")
    assert shown_email(page) == "first@example.com"
    assert OPENID_NAME not in browser.cookies

    again = console.browser()
    page = await again.open("/account")
    assert page.forms == []
    page = await again.follow("Sign in with <b>Example</b>")
    assert page.url == f"{console.url}/account"
    assert again.cookies[NAME] != browser.cookies[NAME]


async def test_who_is_unknown_or_cancelled_is_back_at_the_sign_in_page_without_a_session(
    both: tuple[Console, OpenIdProvider],
) -> None:
    console, provider = both
    provider.email = "nobody@example.com"
    browser = console.browser()
    await browser.open("/sign-in?next=//evil.example/")
    page = await browser.follow("Sign in with <b>Example</b>")
    assert (page.status, NAME in browser.cookies, OPENID_NAME in browser.cookies) == (401, False, False)
    assert "<b>Example" not in page.text
    for query in ("", "?error=access_denied&state=x", "?code=x&state=x", f"?code={'x' * 5000}"):
        page = await browser.open(f"{CALLBACK}{query}")
        assert (page.status, NAME in browser.cookies) == (401, False)


async def test_who_has_the_providers_account_of_somebody_else_is_told_so(
    both: tuple[Console, OpenIdProvider],
) -> None:
    console, provider = both
    for email in ("one@example.com", "two@example.com"):
        provider.email, provider.subject = email, "the-same"
        browser = console.browser()
        await browser.open(await console.invitation())
        page = await browser.follow("Create account with <b>Example</b>")
    provider.subject = ""
    assert (page.status, NAME in browser.cookies) == (409, False)
    assert "signs in another person here" in page.words


async def test_a_return_in_another_browser_signs_nobody_in(both: tuple[Console, OpenIdProvider]) -> None:
    """Whoever is led to a callback that somebody else began is not signed in as them."""
    console, provider = both
    provider.email = "first@example.com"
    attacker, victim = console.browser(), console.browser()
    provider.console = f"{console.url}/assets/none"  # the attacker stops at the way back
    await attacker.open("/sign-in/openid")
    provider.console = f"{console.url}{CALLBACK}"
    back = attacker.page.url.partition("?")[2]
    page = await victim.open(f"{CALLBACK}?{back}")
    assert (page.status, NAME in victim.cookies) == (401, False)


async def test_another_site_leads_nobody_to_the_provider(both: tuple[Console, OpenIdProvider]) -> None:
    """With a session there somebody would be signed in, or have accepted an invitation, by a look at a page."""
    console, provider = both
    provider.email = "led@example.com"
    invitation = await console.invitation()
    for site in ("cross-site", "same-site"):
        browser = console.browser()
        page = await browser.open(f"{invitation}/openid", Sec_Fetch_Site=site)
        assert (page.url, NAME in browser.cookies) == (f"{console.url}{invitation}", False)
        page = await browser.open("/sign-in/openid", Sec_Fetch_Site=site)
        assert (page.url, NAME in browser.cookies) == (f"{console.url}/sign-in", False)
    page = await browser.open(f"{invitation}/openid", Sec_Fetch_Site="same-origin")
    assert NAME in browser.cookies


async def test_who_has_no_password_confirms_at_the_provider_and_turns_on_a_second_factor(
    both: tuple[Console, OpenIdProvider],
) -> None:
    console, provider = both
    provider.email = "fresh@example.com"
    browser = console.browser()
    await browser.open(await console.invitation())
    await browser.follow("Create account with <b>Example</b>")
    session = browser.cookies[NAME]
    await browser.open("/account/second-factor")
    page = await browser.follow("Confirm with <b>Example</b>")
    assert (page.status, page.url) == (200, f"{console.url}/account/second-factor")
    assert "has confirmed that it is you" in page.words
    assert (browser.cookies[NAME], CONFIRMATION_NAME in browser.cookies) == (session, True)
    [line] = [line for line in browser.cookie_lines if line.startswith(CONFIRMATION_NAME)]
    assert {"httponly", "secure", "path=/", "max-age=300"} <= {part.strip().lower() for part in line.split(";")}
    page = await browser.press("Set up an authenticator")
    assert (page.status, CONFIRMATION_NAME in browser.cookies) == (201, False)
    code = pyotp.TOTP(page.labelled("Secret")).now()
    assert (await browser.press("Turn on", Code=code)).status == 201
    page = await browser.open("/account/second-factor")
    assert "Confirm with <b>Example</b>" in page.links, "it was for one act"


async def test_who_signs_in_at_the_provider_alone_is_asked_for_no_password(
    both: tuple[Console, OpenIdProvider],
) -> None:
    console, provider = both
    provider.email = "alone@example.com"
    browser = console.browser()
    await browser.open(await console.invitation())
    await browser.follow("Create account with <b>Example</b>")
    page = await browser.open("/account")
    assert "You sign in with <b>Example</b> alone, and have no password here." in page.words
    assert "Change password" not in {button for form in page.forms for button in form.buttons}
    for path in ("/account/second-factor", "/account/passkeys"):
        page = await browser.open(path)
        assert "password" not in {name for form in page.forms for name, _ in form.fields}, path
    assert "Now none signs you in: <b>Example</b> alone does." in page.words


@pytest.mark.parametrize("signs_out", [True, False])
async def test_what_has_confirmed_an_act_is_gone_with_its_session(
    both: tuple[Console, OpenIdProvider], signs_out: bool
) -> None:
    console, provider = both
    browser = console.browser()
    for email in ("before@example.com", "after@example.com"):
        provider.email = f"{signs_out}-{email}".lower()
        await browser.open(await console.invitation())
        await browser.follow("Create account with <b>Example</b>")
        assert CONFIRMATION_NAME not in browser.cookies
        page = await browser.open("/account/second-factor")
        assert "has confirmed that it is you" not in page.words
        page = await browser.follow("Confirm with <b>Example</b>")
        assert CONFIRMATION_NAME in browser.cookies
        if signs_out:
            await browser.press("Sign out")
            assert CONFIRMATION_NAME not in browser.cookies


async def test_an_account_at_the_provider_that_is_another_one_confirms_nothing(
    both: tuple[Console, OpenIdProvider],
) -> None:
    console, provider = both
    provider.email = "third@example.com"
    browser = console.browser()
    await browser.open(await console.invitation())
    await browser.follow("Create account with <b>Example</b>")
    await browser.open("/account/second-factor")
    provider.subject = "another"
    page = await browser.follow("Confirm with <b>Example</b>")
    provider.subject = ""
    assert "did not confirm in time that it is you" in page.words
    assert (NAME in browser.cookies, CONFIRMATION_NAME in browser.cookies) == (True, False)
    for site in ("cross-site", "same-site"):
        page = await browser.open("/account/confirm?next=/account/passkeys", Sec_Fetch_Site=site)
        assert page.url == f"{console.url}/account"
    page = await browser.open("/account/confirm?next=//evil.example/", Sec_Fetch_Site="same-origin")
    assert page.url == f"{console.url}/account"
