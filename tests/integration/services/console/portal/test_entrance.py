"""A vendor's backend opens a portal session, and the partner's browser follows its link."""

from services.console.browser.cookies import NAME
from tests.support.harness.console import Console


async def link(console: Console, **members: str) -> tuple[str, dict[str, str]]:
    """The path of the link, and the company that it leads to."""
    admin = console.registry.owner
    company = await admin.company(name="Blue Boats")
    body = {"name": "Jo <jo@boats.example>", **members}
    created = await admin.create(f"/companies/{company['id']}/portal-sessions", **body)
    return str(created["path"]), company


async def test_the_link_says_where_it_leads_and_a_button_enters_once(console: Console) -> None:
    path, _ = await link(console)
    browser, late = console.browser(), console.browser()
    await late.open(path)
    page = await browser.open(path)
    assert "Blue Boats" in page.words
    assert "Jo <jo@boats.example>" in page.words
    assert NAME not in browser.cookies, "looking signs nobody in"
    page = await browser.press("Continue")
    assert (page.status, "Blue Boats" in page.words, "Jo <jo@boats.example>" in page.words) == (200, True, True)
    assert (await late.press("Continue")).status == 404
    again = await console.browser().open(path)
    assert (again.status, "ask for another one" in again.words) == (404, True)


async def test_no_other_site_makes_a_browser_follow_a_link(console: Console) -> None:
    path, _ = await link(console)
    browser = console.browser()
    assert (await browser.post(path, [], Sec_Fetch_Site="cross-site")).status == 403
    assert NAME not in browser.cookies
    assert (await browser.open(path)).status == 200, "and it is not used up"


async def test_a_portal_session_has_no_account_page_and_ends_by_signing_out(console: Console) -> None:
    path, company = await link(console, role="viewer")
    browser = console.browser()
    await browser.open(path)
    await browser.press("Continue")
    assert "/account" not in browser.page.text
    page = await browser.open(f"/companies/{company['client_prefix']}/access-keys")
    assert {button for form in page.forms for button in form.buttons} == {"Sign out"}
    await browser.press("Sign out")
    assert (await browser.open("/")).url.partition("?")[0].endswith("/sign-in")
