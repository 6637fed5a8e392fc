"""A new company: what comes first, and nothing that would be refused."""

import secrets
from typing import Any

import pytest

from services.console.http.bookings import APPLICATIONS_OFFERED
from tests.integration.services.console.portal.visiting import enter
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console

FORMS = (("/api?new=api-client", "Generate"), ("/settings/key-generation", "Generate"))


@pytest.fixture
async def company(console: Console) -> dict[str, Any]:
    created = await console.registry.owner.company()
    return {**created, "page": f"/companies/{created['client_prefix']}"}


async def test_first_step_is_to_book_an_application(owner: Browser, company: dict[str, Any]) -> None:
    page = await owner.open(company["page"])
    assert page.links["book an application"] == f"{company['page']}/booked-applications"
    for form, button in FORMS:
        page = await owner.open(company["page"] + form)
        assert page.links["book an application first"] == f"{company['page']}/booked-applications"
        page = await owner.press(button, **({"Comment": "shop"} if "api-client" in form else {}))
        assert "It has no scopes" in page.words
        assert "A first call in" not in page.words


async def test_who_has_a_suspended_booking_alone_is_led_to_it_and_not_told_that_nothing_is_booked(
    owner: Browser, console: Console, company: dict[str, Any]
) -> None:
    booking = await console.registry.owner.booking(company, "site:read")
    await console.registry.owner.post(f"/bookings/{booking['id']}/suspend")
    name, of_company = booking["application"]["name"], await enter(console, company)
    for browser, todo in ((owner, "Resume it at its page"), (of_company, "Ask whoever runs the API why")):
        page = await browser.open(company["page"])
        assert "What is booked is suspended" in page.words
        assert todo in page.words
        assert page.links[name] == f"{company['page']}/booked-applications/{booking['id']}"
        assert "First step" not in page.words
        assert "No application is booked" not in page.words
        assert "one that is suspended" in (await browser.open(company["page"] + FORMS[0][0])).words
    await console.registry.owner.post(f"/bookings/{booking['id']}/resume")
    assert name in (await owner.open(company["page"])).links


async def test_what_was_booked_and_is_revoked_can_be_booked_once_more(
    owner: Browser, console: Console, company: dict[str, Any]
) -> None:
    booking = await console.registry.owner.booking(company, "site:read")
    application = booking["application"]
    label, path = (
        f"{application['name']} ({application['application_prefix']})",
        f"{company['page']}/booked-applications",
    )
    path += f"?q={application['application_prefix']}"
    assert label not in (await owner.open(path)).labels
    await console.registry.owner.post(f"/bookings/{booking['id']}/revoke")
    assert "First step" in (await owner.open(company["page"])).words
    assert label in (await owner.open(path)).labels


async def test_an_application_is_chosen_by_whoever_books_it(
    owner: Browser, console: Console, company: dict[str, Any]
) -> None:
    admin, name = console.registry.owner, f"n{secrets.token_hex(4)}"
    ids = [
        (await admin.create("/applications", name=name, application_prefix=f"{x}{name}", scopes=[f"{x}:read"]))[
            "id"
        ]
        for x in ("a", "b")
    ]
    path = f"{company['page']}/booked-applications"
    page = await owner.open(f"{path}?q={name}")
    assert [page.labelled(f"{name} ({x}{name})") for x in ("a", "b")] == ids
    page = await owner.press("Book application")
    assert (page.status, "Choose the application that is to be booked." in page.words) == (422, True)
    form = page.form_with("Book application")
    assert dict(form.fields)["q"] == name, "what was searched for is still there"
    assert (await admin.get(f"/bookings?company_id={company['id']}")).body["items"] == []
    page = await owner.post(form.action, [*form.fields, ("application_id", ids[1])])
    assert (page.status, f"b{name}" in page.words) == (200, True)
    page = await owner.post(form.action, [*form.fields, ("application_id", "x")])
    assert (page.status, page.form_with("Book application").action) == (422, path)
    assert "None that can be booked is like this" in (await owner.open(f"{path}?q=nothing{name}")).words


async def test_an_application_that_is_the_only_one_is_chosen_already(empty_console: Console) -> None:
    console, admin = empty_console, empty_console.registry.owner
    company = await admin.company()
    of = {"name": "SMS", "application_prefix": "SMS", "scopes": ["sms:send"]}
    only = await admin.create("/applications", **of)
    person = await console.person("editor")
    page = await person.open(f"/companies/{company['client_prefix']}/booked-applications")
    assert ("application_id", only["id"]) in page.form_with("Book application").fields
    page = await person.press("Book application")
    assert (page.status, "sms:send" in page.words) == (200, True)


async def test_of_many_applications_the_newest_are_offered_and_the_others_found(
    owner: Browser, console: Console, company: dict[str, Any]
) -> None:
    admin, mark = console.registry.owner, secrets.token_hex(4)
    for number in range(APPLICATIONS_OFFERED + 1):
        of = {"name": f"Many {number}", "application_prefix": f"m{mark}x{number}", "scopes": [f"many{number}:read"]}
        await admin.create("/applications", **of)
    path = f"{company['page']}/booked-applications"
    page = await owner.open(path)
    assert page.text.count('type="radio"') == APPLICATIONS_OFFERED
    assert f"Many 0 (m{mark}x0)" not in page.labels
    page = await owner.open(f"{path}?q={mark}+many0:read")
    assert f"Many 0 (m{mark}x0)" in page.labels
    assert page.text.count('type="radio"') == 1


async def test_nothing_is_generated_without_a_scope_where_there_are_some(
    owner: Browser, console: Console, company: dict[str, Any]
) -> None:
    await console.registry.owner.booking(company, "site:read", "site:write")
    for form, path, kind in zip(
        FORMS, ("/api", "/settings/key-generation"), ("api-clients", "key-pairs"), strict=True
    ):
        await owner.open(company["page"] + form[0])
        fields = [field for field in owner.page.form_with("Generate").fields if field[0] != "scopes"]
        page = await owner.post(company["page"] + path, [*fields, ("comment", "shop")])
        assert (page.status, "Choose at least one" in page.words) == (422, True)
        assert (await console.registry.owner.get(f"/{kind}?company_id={company['id']}")).body["items"] == []


async def test_all_scopes_that_are_booked_are_ticked(
    owner: Browser, console: Console, company: dict[str, Any]
) -> None:
    first, second = f"s{secrets.token_hex(4)}:read", f"s{secrets.token_hex(4)}:read"
    await console.registry.owner.booking(company, first)
    await console.registry.owner.booking(company, second)
    for form, button in FORMS:
        page = await owner.open(company["page"] + form)
        assert {("scopes", first), ("scopes", second)} <= set(page.form_with(button).fields)
        assert "take away what is not needed" in page.words


async def test_a_company_url_without_a_scheme_is_asked_about_and_taken_when_it_is_meant(
    owner: Browser, console: Console
) -> None:
    uri, other = f"{secrets.token_hex(4)}.example", f"{secrets.token_hex(4)}.example"
    given = {"Name": "Acme", "Client_prefix": f"c{secrets.token_hex(4)}"}
    await owner.open("/companies?new=company")
    page = await owner.press("Create company", **given, Company_URL=uri)
    assert (page.status, f"{uri} has no https://" in page.words) == (422, True)
    assert page.labelled("Client prefix") == given["Client_prefix"]
    fields = [*page.form_with("Create company").fields, ("without_scheme", uri)]
    changed = [(name, other if name == "company_uri" else value) for name, value in fields]
    page = await owner.post("/companies", changed)
    assert (page.status, f"{other} has no https://" in page.words) == (422, True), "the other one was meant"
    page = await owner.post("/companies", fields)
    assert (page.status, uri in page.words) == (200, True)


async def test_what_else_is_wrong_is_said_beside_a_url_that_is_asked_about(owner: Browser) -> None:
    await owner.open("/companies?new=company")
    given = {"Name": "Acme", "Client_prefix": "with a blank"}
    page = await owner.press("Create company", **given, Company_URL="acme.example")
    assert (page.status, "acme.example has no https://" in page.words) == (422, True)
    assert page.text.count('class="wrong"') == 2
    assert page.text.count('aria-invalid="true"') == 2


@pytest.mark.parametrize("scheme", ["https://", "http://", "urn:company:"])
async def test_a_company_url_with_a_scheme_is_not_asked_about(owner: Browser, scheme: str) -> None:
    uri = f"{scheme}{secrets.token_hex(4)}"
    await owner.open("/companies?new=company")
    given = {"Name": "Acme", "Client_prefix": f"c{secrets.token_hex(4)}", "Company_URL": uri}
    page = await owner.press("Create company", **given)
    assert (page.status, uri in page.words) == (200, True)
