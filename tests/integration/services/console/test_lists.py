"""Of a list nothing is left out without a word: what does not fit on a page is a link away."""

import pytest

from services.console.http.companies import SHOWN_OF_A_KIND
from services.console.http.people import people
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console


async def test_every_credential_of_a_company_is_reached_from_its_page(owner: Browser, console: Console) -> None:
    admin = console.registry.owner
    company = await admin.company()
    names = [f"key number {number}" for number in range(SHOWN_OF_A_KIND + 35)]
    for name in names:
        await admin.create("/access-keys", company_id=company["id"], name=name)
    base = f"/companies/{company['client_prefix']}"
    for path, link in ((base, "Access keys"), (f"{base}/access-keys", "All Access keys")):
        page = await owner.open(path)
        assert "The newest" in page.words
        assert sum(name in page.links for name in names) == SHOWN_OF_A_KIND
        await owner.open(page.links[link] if path != base else f"{base}/credentials/access-keys")
        found = set(owner.page.links)
        await owner.follow("Older ones")
        assert set(names) <= found | set(owner.page.links)
        assert "Older ones" not in owner.page.links


async def test_list_of_one_kind_is_filtered_by_name_and_state(owner: Browser, console: Console) -> None:
    admin = console.registry.owner
    company, other = await admin.company(), await admin.company()
    for name in ("alpha", "beta"):
        await admin.create("/access-keys", company_id=company["id"], name=name)
    await admin.create("/access-keys", company_id=other["id"], name="alpha of another")
    path = f"/companies/{company['client_prefix']}/credentials/access-keys"
    page = await owner.open(f"{path}?q=alp&status=active")
    assert "alpha" in page.links
    assert not {"beta", "alpha of another"} & set(page.links)
    assert "None is like this." in (await owner.open(f"{path}?status=revoked")).words
    assert (await owner.open(f"{path}?status=x")).status == 422
    assert (await owner.open(path.replace("access-keys", "nonsense"))).status == 404


async def test_people_are_listed_with_their_companies_however_many_there_are(
    owner: Browser, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = console.registry.owner
    company = await admin.company(name="Of long ago")
    await console.person("viewer", company_id=company["id"])
    await admin.company()
    monkeypatch.setattr(people, "OFFERED_COMPANIES", 1)
    assert "Of long ago" in (await owner.open("/people")).words


async def test_an_address_that_no_page_has_is_a_page_that_leads_on(owner: Browser) -> None:
    page = await owner.open("/nope")
    assert (page.status, page.links["To the start page"]) == (404, "/")
    assert "No such resource." in page.words
