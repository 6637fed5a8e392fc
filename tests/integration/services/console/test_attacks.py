"""What others would make a signed-in person's browser do, and what they leave in names."""

import pytest

from tests.support.browser.browser import Browser
from tests.support.harness.console import Console

MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


async def new_company(owner: Browser) -> tuple[str, list[tuple[str, str]]]:
    """The action and fields of a form that would make a company."""
    await owner.open("/companies?new=company")
    form = owner.page.form_with("Create company")
    wanted = {"name": "Forged", "client_prefix": "forged", "company_uri": "https://forged.example"}
    return form.action, [(name, wanted.get(name, value)) for name, value in form.fields]


async def forged_exists(owner: Browser) -> bool:
    return "Forged" in (await owner.open("/companies?q=forged")).links


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_form_of_another_site_changes_nothing(owner: Browser, site: str) -> None:
    action, fields = await new_company(owner)
    assert (await owner.post(action, fields, Sec_Fetch_Site=site)).status == 403
    assert not await forged_exists(owner)


async def test_a_form_of_another_origin_changes_nothing_in_an_older_browser(owner: Browser) -> None:
    action, fields = await new_company(owner)
    for origin in ("https://evil.example", "null"):
        assert (await owner.post(action, fields, Sec_Fetch_Site="", Origin=origin)).status == 403
    assert not await forged_exists(owner)


async def test_a_form_without_this_sessions_proof_changes_nothing(owner: Browser, console: Console) -> None:
    action, fields = await new_company(owner)
    _, others = await new_company(await console.person())
    proof = next(value for name, value in others if name == "csrf")
    for csrf in ("", proof):
        forged = [(name, csrf if name == "csrf" else value) for name, value in fields]
        assert (await owner.post(action, forged)).status == 403
    assert not await forged_exists(owner)


async def test_signing_in_somebody_from_another_site_is_refused(console: Console) -> None:
    browser = console.browser()
    fields = [("email", "a@b.example"), ("password", "whatever it is")]
    assert (await browser.post("/sign-in", fields, Sec_Fetch_Site="cross-site")).status == 403


async def test_markup_in_every_name_stays_text(owner: Browser, console: Console) -> None:
    admin = console.registry.owner
    company = await admin.company(name=MARKUP)
    booking = await admin.booking(company, "site:read")
    base = f"/companies/{company['client_prefix']}"
    token = await admin.create("/api-tokens", booking_id=booking["id"], remote_application=MARKUP)
    client = await admin.create("/api-clients", company_id=company["id"], comment=MARKUP, scopes=["site:read"])
    key = await admin.create("/access-keys", company_id=company["id"], name=MARKUP)
    for path in (
        "/companies",
        f"/companies?q={MARKUP}",
        f"/explain?request_id={MARKUP}",
        f"/audit?actor={MARKUP}",
        base,
        f"{base}/settings",
        f"{base}/api",
        f"{base}/access-keys",
        f"{base}/booked-applications/{booking['id']}",
        f"{base}/api-tokens/{token['id']}",
        f"{base}/api-clients/{client['id']}",
        f"{base}/access-keys/{key['id']}",
    ):
        page = await owner.open(path)
        assert page.status < 500, path
        assert "<script>alert" not in page.text, path
        assert "<img" not in page.text, path


async def test_every_page_forbids_other_scripts_frames_caches_and_referrers(
    owner: Browser, console: Console
) -> None:
    for path in ("/companies", "/companies/none", "/sign-in", "/assets/none.css"):
        await owner.open(path)
        assert owner.headers["X-Content-Type-Options"] == "nosniff", path
        if "text/html" in owner.headers["Content-Type"]:
            policy = owner.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert owner.headers["Referrer-Policy"] == "strict-origin"
            assert owner.headers["Cache-Control"] == "no-store"


async def test_a_companys_own_person_sees_that_company_alone(console: Console) -> None:
    admin = console.registry.owner
    own, other = await admin.company(), await admin.company()
    key = await admin.create("/access-keys", company_id=other["id"], name="theirs")
    person = await console.person("owner", company_id=own["id"])
    assert own["name"] in person.page.words
    for path in ("", "/settings", "/api", "/access-keys", f"/access-keys/{key['id']}", "/booked-applications"):
        assert (await person.open(f"/companies/{other['client_prefix']}{path}")).status == 404
    mixed = f"/companies/{own['client_prefix']}/access-keys/{key['id']}"
    assert (await person.open(mixed)).status == 404


async def test_a_viewer_is_offered_no_change_and_makes_none(console: Console) -> None:
    company = await console.registry.owner.company()
    viewer = await console.person("viewer")
    base = f"/companies/{company['client_prefix']}"
    for path in ("/companies", base, f"{base}/settings", f"{base}/api", f"{base}/access-keys"):
        page = await viewer.open(path)
        buttons = {button for form in page.forms for button in form.buttons}
        assert buttons <= {"Sign out", "Search"}, path
    csrf = next(value for form in viewer.page.forms for name, value in form.fields if name == "csrf")
    assert (await viewer.post(f"{base}/suspend", [("csrf", csrf)])).status == 403
    assert (await console.registry.owner.get(f"/companies/{company['id']}")).body["status"] == "active"


async def test_a_person_who_was_suspended_is_out_at_once(owner: Browser, console: Console) -> None:
    person = await console.person("editor")
    people = (await console.registry.owner.get("/people?limit=100")).body["items"]
    newest = max(people, key=lambda one: one["created_at"])
    await owner.open("/people")
    csrf = next(value for form in owner.page.forms for name, value in form.fields if name == "csrf")
    await owner.post(f"/people/{newest['id']}/suspend", [("csrf", csrf)])
    assert (await person.open("/companies")).url.partition("?")[0].endswith("/sign-in")


@pytest.mark.parametrize("body", [b"", b"%ff=%ff", b"&" * 70000, b"a=1&" * 300])
async def test_malformed_and_large_forms_are_client_errors(owner: Browser, body: bytes) -> None:
    assert 400 <= (await owner.post_raw("/companies", body)).status < 500
