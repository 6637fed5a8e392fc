"""What is allowed is changed at the console: of a credential, of an application, and of what is booked."""

import secrets
from typing import Any

import pytest

from tests.support.browser.browser import Browser
from tests.support.harness.console import Console, email_of


@pytest.fixture
async def company(console: Console) -> dict[str, Any]:
    """With a booking of two scopes."""
    created = await console.registry.owner.company()
    booking = await console.registry.owner.booking(created, "site:read", "site:write")
    return {**created, "booking": booking, "page": f"/companies/{created['client_prefix']}"}


async def test_scopes_name_and_end_of_a_credential_are_changed(
    owner: Browser, console: Console, company: dict[str, Any]
) -> None:
    admin = console.registry.owner
    client = await admin.create("/api-clients", company_id=company["id"], comment="shop", scopes=["site:read"])
    await owner.open(f"{company['page']}/api-clients/{client['id']}")
    await owner.follow("Change comment, scopes, audience and expiry")
    form = owner.page.form_with("Save")
    fields = [(name, value) for name, value in form.fields if name not in {"scopes", "comment", "expires_at"}]
    sent = [("scopes", "site:write"), ("comment", "their shop"), ("expires_at", "2999-01-01")]
    page = await owner.post(form.action, fields + sent)
    assert page.status == 200
    changed = (await admin.get(f"/api-clients/{client['id']}")).body
    assert (changed["scopes"], changed["comment"]) == (["site:write"], "their shop")
    assert changed["expires_at"].startswith("2999-01-01T00:00:00")
    await owner.open(f"{company['page']}/api-clients/{client['id']}/change")
    page = await owner.press("Save", Comment="", Expires="2001-01-01")
    assert page.status == 422
    assert (await admin.get(f"/api-clients/{client['id']}")).body["comment"] == "their shop"


async def test_saving_what_is_there_changes_nothing(
    owner: Browser, console: Console, company: dict[str, Any]
) -> None:
    """A form knows days: an end at noon stays at noon."""
    admin = console.registry.owner
    key = await admin.create(
        "/access-keys", company_id=company["id"], name="server", expires_at="2999-01-01T12:30:00Z"
    )
    await owner.open(f"{company['page']}/access-keys/{key['id']}/change")
    assert (await owner.press("Save")).status == 200
    unchanged = (await admin.get(f"/access-keys/{key['id']}")).body
    assert unchanged["expires_at"].startswith("2999-01-01T12:30:00")
    assert unchanged["updated_at"] == key["updated_at"]
    page = await owner.open(f"{company['page']}/access-keys/{key['id']}/change")
    page = await owner.press("Save", At_most="soon")
    assert page.status == 422


async def test_application_is_changed_tried_and_stopped(
    owner: Browser, console: Console, company: dict[str, Any]
) -> None:
    application = company["booking"]["application"]["application_prefix"]
    await owner.open(f"/applications/{application}")
    form = owner.page.form_with("Save")
    fields = [(name, value) for name, value in form.fields if not name.endswith("scopes")]
    sent = [("scopes", "site:read"), ("report_only_scopes", "site:read")]
    assert (await owner.post(form.action, fields + sent)).status == 200
    changed = (await console.registry.owner.get(f"/applications/{application}")).body
    assert (changed["scopes"], changed["report_only_scopes"]) == (["site:read"], ["site:read"])
    page = await owner.press("Save", Scopes_that_are_only_tried="other")
    assert page.status == 422
    await owner.open(f"/applications/{application}")
    asked = await owner.press("Suspend application")
    assert "Depends on it: 1 booking" in asked.words
    assert "Suspended everywhere" in (await owner.press("Yes, suspend it")).words
    await owner.press("Resume application")
    assert (await console.registry.owner.get(f"/applications/{application}")).body["status"] == "active"


async def test_booking_is_suspended_and_revoked_from_its_page(
    owner: Browser, console: Console, company: dict[str, Any]
) -> None:
    booking = company["booking"]
    page = f"{company['page']}/booked-applications/{booking['id']}"
    await owner.open(page)
    await owner.press("Suspend booking")
    assert "Suspended everywhere" in (await owner.press("Yes, suspend it")).words
    await owner.press("Revoke booking")
    assert "A revocation is tried until" in (await owner.press("Only try it for a day")).words
    await owner.open(page)
    await owner.press("Revoke booking")
    await owner.press("Yes, revoke it")
    assert (await console.registry.owner.get(f"/bookings/{booking['id']}")).body["status"] == "revoked"


async def test_people_of_a_company_and_viewers_change_no_application_and_no_booking(
    console: Console, company: dict[str, Any]
) -> None:
    application = company["booking"]["application"]["application_prefix"]
    booking = f"{company['page']}/booked-applications/{company['booking']['id']}"
    bound = await console.person("editor", company_id=company["id"])
    assert (await bound.open(f"/applications/{application}")).status == 404
    viewer = await console.person("viewer")
    for person in (bound, viewer):
        csrf = dict((await person.open("/account")).form_with("Change password").fields)["csrf"]
        for path in (f"/applications/{application}", f"/applications/{application}/suspend", f"{booking}/revoke"):
            page = await person.post(path, [("csrf", csrf), ("name", "x"), ("scopes", "")])
            assert page.status in {403, 404}, path
    assert (await console.registry.owner.get(f"/applications/{application}")).body["status"] == "active"


async def test_audit_says_who_did_what_by_name(owner: Browser, console: Console) -> None:
    name = f"Company {secrets.token_hex(4)}"
    await owner.open("/companies")
    await owner.press("New company")
    prefix = f"c{secrets.token_hex(4)}"
    given = {"Client_prefix": prefix, "Company_URL": f"https://{prefix}.example"}
    await owner.press("Create company", Name=name, **given)
    me = await email_of(owner)
    page = await owner.open(f"/audit?company_id={prefix}")
    assert f"company {name}" in page.words
    assert page.words.count(me) > 1, "at the top, and in the line"
    assert (await owner.open("/audit?after=2999-01-01")).words.count("Nothing like this is in the trail.") == 1
    assert (await owner.open("/audit?after=x")).status == 422
