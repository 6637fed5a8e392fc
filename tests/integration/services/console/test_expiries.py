"""The expiry calendar, and the list of each of its days."""

from datetime import UTC, datetime, timedelta

import pytest

from services.console.http.lists import expiries
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console

TODAY = datetime.now(UTC)


def day(number: int) -> str:
    return f"{TODAY + timedelta(days=number):%Y-%m-%d}"


async def test_calendar_leads_from_each_day_to_what_ends_on_it(
    owner: Browser, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = console.registry.owner
    company = await admin.company()
    prefix, noon = company["client_prefix"], f"{day(30)}T12:00:00Z"
    for name in ("<b>one</b>", "two", "three"):
        await admin.create("/access-keys", company_id=company["id"], name=name, expires_at=noon)
    page = await owner.open(f"/expiries?company_id={prefix}")
    assert "3 credentials end in the next 90 days" in page.words
    assert "style=" not in page.text
    monkeypatch.setattr(expiries, "PER_PAGE", "2")
    page = await owner.follow(f"3 credentials on {day(30)}")
    assert page.text.count("/access-keys/") == 2
    later = await owner.follow("Later ones")
    assert later.text.count("/access-keys/") == 1
    assert "<b>one" not in page.text + later.text
    assert "Later ones" not in later.links
    assert (
        "No credential ends on this day" in (await owner.open(f"/expiries?day={day(31)}&company_id={prefix}")).words
    )


async def test_wrong_day_is_said(owner: Browser) -> None:
    for typed in ("tomorrow", "2026-13-01", "0001-01-01", "9999-12-31"):
        assert (await owner.open(f"/expiries?day={typed}")).status == 422, typed


async def test_companys_people_see_their_own_alone(console: Console) -> None:
    admin = console.registry.owner
    own, other = await admin.company(), await admin.company()
    for company, name in ((own, "ours"), (other, "theirs")):
        await admin.create("/access-keys", company_id=company["id"], name=name, expires_at=f"{day(9)}T12:00:00Z")
    person = await console.person("viewer", company_id=own["id"])
    page = await person.open("/expiries")
    assert "1 credential ends in the next 90 days" in page.words
    for query in ("", f"&company_id={other['client_prefix']}"):
        page = await person.open(f"/expiries?day={day(9)}{query}")
        assert "theirs" not in page.words
    assert {button for form in page.forms for button in form.buttons} == {"Sign out"}
