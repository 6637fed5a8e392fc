"""Limits at the console: what is typed holds, an error is said at its field, and the operator alone sets them."""

from typing import Any

import pytest

from tests.support.browser.browser import Browser
from tests.support.harness.console import Console

SET = {
    "Calls": "50",
    "Per_seconds": "1",
    "Burst": "100",
    "Calls_in_the_period": "100000",
    "Period": "month",
    "Addresses": "203.0.113.0/24\r\n\r\n 2001:db8::/32 ",
    "Routes": "site\nyachts",
}
LIMITS = {
    "rate": {"calls": 50, "per_seconds": 1, "burst": 100, "report_only": False},
    "quota": {"calls": 100000, "per": "month", "report_only": False},
    "addresses": ["203.0.113.0/24", "2001:db8::/32"],
    "routes": ["site", "yachts"],
    "report_only": False,
}


async def limited(console: Console, what: str) -> tuple[str, str]:
    """The path of the page with the limits of something new, and its path of the admin API."""
    admin = console.registry.owner
    company = await admin.company()
    base = f"/companies/{company['client_prefix']}"
    if what == "company":
        return f"{base}/settings/limits", f"/companies/{company['id']}"
    booking = await admin.booking(company, "site:read")
    if what == "booking":
        return f"{base}/booked-applications/{booking['id']}/limits", f"/bookings/{booking['id']}"
    body: dict[str, Any] = {
        "api-tokens": {"booking_id": booking["id"], "remote_application": "x"},
        "access-keys": {"company_id": company["id"], "name": "x"},
        "api-clients": {"company_id": company["id"], "comment": "x", "scopes": ["site:read"]},
        "key-pairs": {"company_id": company["id"], "scopes": ["site:read"], "algorithm": "ES256"},
    }[what]
    created = await admin.create(f"/{what}", **body)
    return f"{base}/{what}/{created['id']}/limits", f"/{what}/{created['id']}"


async def limits_of(console: Console, api: str) -> Any:
    return (await console.registry.owner.get(api)).body["limits"]


@pytest.mark.parametrize("what", ["company", "booking", "api-tokens", "access-keys", "api-clients", "key-pairs"])
async def test_limits_are_set_shown_again_and_taken_away(owner: Browser, console: Console, what: str) -> None:
    path, api = await limited(console, what)
    await owner.open(path)
    page = await owner.press("Save limits", **SET)
    assert "The limits are saved" in page.words
    assert await limits_of(console, api) == LIMITS
    assert page.labelled("Addresses") == "203.0.113.0/24\n2001:db8::/32"
    assert (page.labelled("Burst"), page.labelled("Period")) == ("100", "month")
    await owner.press("Save limits")
    assert await limits_of(console, api) == LIMITS  # what was shown is what was there
    await owner.press("Save limits", **{label: "" for label in SET if label != "Period"})
    assert await limits_of(console, api) is None


async def test_report_only_is_a_box_of_the_rate_of_the_quota_and_of_all(owner: Browser, console: Console) -> None:
    path, api = await limited(console, "company")
    form = (await owner.open(path)).form_with("Save limits")
    assert {name for name, _ in form.boxes} == {"rate_report_only", "quota_report_only", "report_only"}
    given = {**dict(form.fields), "rate_calls": "5", "rate_per_seconds": "60", "quota_calls": "9"}
    await owner.post(form.action, [*given.items(), *form.boxes])
    found = await limits_of(console, api)
    assert [found["rate"]["report_only"], found["quota"]["report_only"], found["report_only"]] == [True] * 3
    assert owner.page.form_with("Save limits").boxes == []


WRONG = (
    ("rate_calls", {"Calls": "0", "Per_seconds": "1"}),
    ("rate_calls", {"Calls": "many", "Per_seconds": "1"}),
    ("rate_calls", {"Calls": "9" * 40, "Per_seconds": "1"}),
    ("rate_calls", {"Burst": "5", "Per_seconds": "1"}),
    ("rate_per_seconds", {"Calls": "5"}),
    ("rate_burst", {"Calls": "5", "Per_seconds": "1", "Burst": "-1"}),
    ("quota_calls", {"Calls_in_the_period": "1.5"}),
    ("addresses", {"Addresses": "203.0.113.0/24\n203.0.113.7/24"}),
    ("addresses", {"Addresses": "\n".join(["203.0.113.7"] * 101)}),
    ("routes", {"Routes": "x" * 65}),
)


async def test_a_wrong_limit_is_said_at_its_field_and_what_was_typed_is_kept(
    owner: Browser, console: Console
) -> None:
    path, api = await limited(console, "company")
    for field, typed in WRONG:
        await owner.open(path)
        page = await owner.press("Save limits", **typed)
        assert page.status == 422, typed
        assert f'class="wrong" id="{field}-wrong"' in page.text, typed
        assert page.text.count('class="wrong"') == 1, typed
        for label, value in typed.items():
            assert page.labelled(label.replace("_", " ")) == value
    assert await limits_of(console, api) is None


async def test_an_error_names_the_line_that_is_wrong(owner: Browser, console: Console) -> None:
    path, _ = await limited(console, "company")
    await owner.open(path)
    page = await owner.press("Save limits", Addresses="203.0.113.0/24\n\n203.0.113.7/24")
    assert "“203.0.113.7/24” has bits set beyond its length: 203.0.113.0/24 is the network" in page.words


async def test_a_credentials_page_shows_its_limits_in_words(owner: Browser, console: Console) -> None:
    path, _ = await limited(console, "access-keys")
    await owner.open(path)
    await owner.press("Save limits", Calls="50", Per_seconds="1", Burst="100", Calls_in_the_period="1000")
    page = await owner.open(path.removesuffix("/limits"))
    assert "50 calls in a second, up to 100 at once" in page.words
    assert "1,000 calls a day" in page.words
    assert page.links["Change limits"] == path


async def test_only_the_operators_editors_change_limits(console: Console) -> None:
    path, api = await limited(console, "access-keys")
    company_id = (await console.registry.owner.get(api)).body["company_id"]
    for person in (await console.person("viewer"), await console.person("owner", company_id=company_id)):
        page = await person.open(path)
        assert page.status == 200
        assert "No limit of its own" in page.words
        assert {button for form in page.forms for button in form.buttons} == {"Sign out"}
        csrf = next(value for form in page.forms for name, value in form.fields if name == "csrf")
        fields = [("csrf", csrf), ("quota_calls", "1"), ("quota_per", "day")]
        assert (await person.post(path, fields)).status == 403
    assert await limits_of(console, api) is None


async def test_limits_of_another_company_are_not_there(console: Console) -> None:
    own = await console.registry.owner.company()
    person = await console.person("owner", company_id=own["id"])
    for what in ("company", "booking", "api-tokens"):
        path, _ = await limited(console, what)
        assert (await person.open(path)).status == 404
        mixed = f"/companies/{own['client_prefix']}/{path.split('/', 3)[3]}"
        assert (await person.open(mixed)).status == (200 if what == "company" else 404)
