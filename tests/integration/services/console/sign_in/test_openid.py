"""Signing in by an OpenID provider as a person does: from the page to the provider, and back."""

from services.console.browser.cookies import NAME, OPENID_NAME
from tests.integration.services.console.conftest import CALLBACK
from tests.support.harness.console import Console, shown_email
from tests.support.openid_provider import OpenIdProvider


async def test_an_invitation_is_accepted_and_signed_in_with_at_the_provider(
    with_provider: tuple[Console, OpenIdProvider],
) -> None:
    console, provider = with_provider
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
    with_provider: tuple[Console, OpenIdProvider],
) -> None:
    console, provider = with_provider
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
    with_provider: tuple[Console, OpenIdProvider],
) -> None:
    console, provider = with_provider
    for email in ("one@example.com", "two@example.com"):
        provider.email, provider.subject = email, "the-same"
        browser = console.browser()
        await browser.open(await console.invitation())
        page = await browser.follow("Create account with <b>Example</b>")
    provider.subject = ""
    assert (page.status, NAME in browser.cookies) == (409, False)
    assert "signs in another person here" in page.words


async def test_a_return_in_another_browser_signs_nobody_in(with_provider: tuple[Console, OpenIdProvider]) -> None:
    """Whoever is led to a callback that somebody else began is not signed in as them."""
    console, provider = with_provider
    provider.email = "first@example.com"
    attacker, victim = console.browser(), console.browser()
    provider.console = f"{console.url}/assets/none"  # the attacker stops at the way back
    await attacker.open("/sign-in/openid")
    provider.console = f"{console.url}{CALLBACK}"
    back = attacker.page.url.partition("?")[2]
    page = await victim.open(f"{CALLBACK}?{back}")
    assert (page.status, NAME in victim.cookies) == (401, False)


async def test_another_site_leads_nobody_to_the_provider(with_provider: tuple[Console, OpenIdProvider]) -> None:
    """With a session there somebody would be signed in, or have accepted an invitation, by a look at a page."""
    console, provider = with_provider
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
