"""The search page: a name or a pasted secret leads to the credential, and a secret is in no address."""

from tests.support.browser.browser import Browser
from tests.support.harness.console import Console


async def test_pasted_secret_leads_to_its_credential_and_is_in_no_address(owner: Browser, console: Console) -> None:
    admin = console.registry.owner
    company = await admin.company()
    key = await admin.create("/access-keys", company_id=company["id"], name="their <server>")
    await owner.open("/companies")
    await owner.follow("Search")
    page = await owner.press("Search", What_you_have_of_it=key["key"])
    assert page.status == 200
    assert "version 1" in page.words
    assert key["key"] not in page.url
    assert key["key"] not in page.text
    shown = await owner.follow("their <server>")
    assert shown.url.endswith(f"/access-keys/{key['id']}")


async def test_who_searches_for_a_request_id_is_told_where_to_look(owner: Browser, console: Console) -> None:
    company = await console.registry.owner.company()
    partner = await console.person("viewer", company_id=company["id"])
    for person, path in ((owner, "/explain"), (partner, "/portal/refused-calls")):
        await person.open("/search")
        page = await person.press("Search", What_you_have_of_it="4ed9a218f0c94c6ab1d1a1b2c3d4e5f6")
        assert "request id" in page.words
        assert page.links["Refused calls"] == path


async def test_word_finds_every_kind_with_a_link_to_its_page(owner: Browser, console: Console) -> None:
    admin = console.registry.owner
    company = await admin.company(name="Zweigstelle")
    booking = await admin.booking(company, "site:read")
    of = {"company_id": company["id"]}
    await admin.create("/api-tokens", booking_id=booking["id"], remote_application="Zweigshop")
    await admin.create("/api-clients", **of, comment="Zweigclient", scopes=[])
    await admin.create("/admin-tokens", name="Zweigadmin", role="viewer")
    await owner.open("/search")
    page = await owner.press("Search", What_you_have_of_it="zweig")
    links = dict(page.links)
    for name in ("Zweigstelle", "Zweigshop", "Zweigclient"):
        assert (await owner.open(links[name])).status == 200, name
    assert "Zweigadmin" in page.words


async def test_what_finds_nothing_and_what_is_no_word_say_so(owner: Browser) -> None:
    await owner.open("/search")
    assert "Nothing here has this" in (await owner.press("Search", What_you_have_of_it="zzzznothing")).words
    for text in ("...", "   "):
        await owner.open("/search")
        page = await owner.press("Search", What_you_have_of_it=text)
        assert page.status == 422
        assert "the last four characters" in page.words
