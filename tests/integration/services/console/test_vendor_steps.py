"""Each vendor's document begins at a page: its steps, in its own words, end with what its client needs."""

import secrets

import pytest

from services.key_registry.catalog.resources import RESOURCES
from shared import opaque
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console


@pytest.fixture
async def company(owner: Browser) -> str:
    """Its name: a company that was made at the console, and has booked an application with a scope."""
    name = f"BlaBla {secrets.token_hex(4)}"
    prefix = f"c{secrets.token_hex(4)}"
    await owner.open("/applications")
    await owner.press("New application")
    application = {"Application_prefix": f"A{secrets.token_hex(4)}", "Scopes": "site:read site:write"}
    await owner.press("Create application", Name=f"SMS {prefix}", **application)
    await owner.open("/companies")
    await owner.press("New company")
    given = {"Client_prefix": prefix, "Company_URL": f"https://{prefix}.example"}
    await owner.press("Create company", Name=name, **given)
    await owner.follow("Booked applications")
    form = owner.page.form_with("Book application")
    booked = owner.page.labelled(f"SMS {prefix} ({application['Application_prefix']})")
    fields = [(name, value) for name, value in form.fields if name != "application_id"]
    await owner.post(form.action, [*fields, ("application_id", booked)])
    assert owner.page.status == 200
    return name


async def at_company(owner: Browser, company: str) -> None:
    await owner.follow("Companies")
    await owner.follow(company)


async def test_api_token_is_made_at_a_booked_application(owner: Browser, company: str, console: Console) -> None:
    await at_company(owner, company)
    await owner.follow("Booked applications")
    await owner.follow(next(link for link in owner.page.links if link.startswith("SMS ")))
    await owner.press("API Token")
    await owner.press("Create token", Remote_Application="BlaBla Shop")
    assert owner.page.status == 201
    assert opaque.well_formed(opaque.API_TOKEN, owner.page.labelled("Token"))
    assert owner.page.labelled("Client prefix") in owner.page.url
    application, client = owner.page.labelled("Application prefix"), owner.page.labelled("Client prefix")
    prefixes = f"applicationPrefix={application}&clientPrefix={client}"
    assert f"/OKIT.Operator.Api/api/tokenvalidator?token=…&{prefixes}" in owner.page.words
    await owner.follow("I have saved it")
    assert "BlaBla Shop" in owner.page.links


async def test_api_client_is_generated_in_the_tab_of_the_api_page(owner: Browser, company: str) -> None:
    await at_company(owner, company)
    await owner.follow("API")
    assert "API Clients" in owner.page.links
    await owner.press("Generate API Key")
    await owner.press("Generate", Comment="website")
    assert owner.page.status == 201
    assert opaque.well_formed_id(opaque.API_CLIENT_KEY, owner.page.labelled("Key"))
    assert opaque.well_formed(opaque.API_CLIENT_SECRET, owner.page.labelled("Secret"))


async def test_company_url_and_key_pair_are_in_the_settings(owner: Browser, company: str) -> None:
    await at_company(owner, company)
    await owner.follow("Settings")
    await owner.follow("Company Details")
    assert owner.page.labelled("Company URL").startswith("https://")
    await owner.follow("Key generation")
    await owner.press("Generate")
    assert "/iam/oauth/token" in owner.page.words
    assert "the aud of each assertion" in owner.page.words
    assert owner.page.status == 201
    assert opaque.well_formed_id(opaque.KEY_PAIR, owner.page.labelled("Key ID (KID)"))
    assert owner.page.labelled("Private Key").startswith("-----BEGIN PRIVATE KEY-----")
    assert owner.page.labelled("Public Key").startswith("-----BEGIN PUBLIC KEY-----")


async def test_access_key_is_made_for_session_tokens(owner: Browser, company: str) -> None:
    await at_company(owner, company)
    await owner.follow("Access keys")
    await owner.press("New access key")
    await owner.press("Create access key", Name="server")
    assert opaque.well_formed(opaque.ACCESS_KEY, owner.page.labelled("Access key"))
    assert "Leave auth out of the body of /generate" in " ".join(owner.page.words.split())


async def test_a_secret_is_shown_once_and_the_same_form_sent_twice_makes_one(owner: Browser, company: str) -> None:
    await at_company(owner, company)
    await owner.follow("Access keys")
    await owner.press("New access key")
    form = owner.page.form_with("Create access key")
    fields = [(name, "twice" if name == "name" else value) for name, value in form.fields]
    first = (await owner.post(form.action, fields)).labelled("Access key")
    assert (await owner.post(form.action, fields)).labelled("Access key") == first
    listed = await owner.open(form.action)
    assert listed.words.count("twice") == 1
    assert first not in listed.text


async def test_what_is_shown_once_can_be_saved_as_a_file(owner: Browser, company: str) -> None:
    await at_company(owner, company)
    await owner.follow("Settings")
    await owner.follow("Key generation")
    page = await owner.press("Generate")
    pem = page.labelled("Private Key")
    saved = await owner.press("Download private_key.pem")
    assert saved.text.strip() == pem.strip()
    assert owner.headers["Content-Disposition"] == 'attachment; filename="private_key.pem"'
    assert owner.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["api-tokens", "access-keys", "api-clients"])
async def test_a_credential_is_rotated_suspended_resumed_and_revoked_at_its_page(
    owner: Browser, console: Console, path: str
) -> None:
    company = await console.registry.owner.company()
    booking = await console.registry.owner.booking(company, "site:read")
    body = {
        "api-tokens": {"booking_id": booking["id"], "remote_application": "x"},
        "access-keys": {"company_id": company["id"], "name": "x"},
        "api-clients": {"company_id": company["id"], "comment": "x", "scopes": ["site:read"]},
    }[path]
    created = await console.registry.owner.create(f"/{path}", **body)
    url = f"/companies/{company['client_prefix']}/{path}/{created['id']}"
    await owner.open(url)
    rotated = await owner.press("Rotate", The_old_secret_ends="3600")
    assert rotated.status == 201
    await owner.follow("I have saved it")
    assert "retiring" in owner.page.words
    await owner.press("End now")
    assert "It has not been used." in owner.page.words
    await owner.press("Yes, end it")
    assert "retiring" not in owner.page.words.replace("end the secret that is already retiring", "")
    await owner.press("Suspend")
    await owner.press("Yes, suspend it")
    await owner.press("Resume")
    await owner.press("Revoke")
    assert "This is for ever." in owner.page.words
    await owner.press("Yes, revoke it")
    assert (await console.registry.owner.get(f"/{path}/{created['id']}")).body["status"] == "revoked"
    assert not any(button in form.buttons for form in owner.page.forms for button in ("Rotate", "Resume"))


def test_every_kind_of_credential_has_its_pages() -> None:
    from services.console.pages.credentials.kinds import BY_PATH

    credentials = {r.path for r in RESOURCES.values() if r.deletable == "revoked"} - {"admin-tokens"}
    assert set(BY_PATH) == credentials


async def test_a_key_pair_is_called_by_its_comment_beside_the_end_of_its_kid(owner: Browser, company: str) -> None:
    await at_company(owner, company)
    await owner.follow("Settings")
    await owner.follow("Key generation")
    page = await owner.press("Generate", Comment="website of the fleet")
    kid = page.labelled("Key ID (KID)")
    await at_company(owner, company)
    assert f"…{kid[-4:]}" in owner.page.words
    await owner.follow("website of the fleet")
    assert kid in owner.page.words
    await owner.follow("Change comment, scopes and expiry")
    await owner.press("Save", Comment="")
    assert owner.page.status == 200
    await at_company(owner, company)
    assert kid in owner.page.links
