"""The operator sees and invites the people of one company where the company is."""

import pytest

from tests.support.browser.browser import Browser
from tests.support.harness.console import PASSWORD, Console


async def test_whoever_is_invited_at_a_company_sees_that_company_alone(owner: Browser, console: Console) -> None:
    company = await console.registry.owner.company()
    await owner.open(f"/companies/{company['client_prefix']}")
    await owner.follow("People")
    page = await owner.press("Make invitation link", E_mail="jo@partner.example", Role="viewer")
    assert page.status == 201
    link = page.labelled("One-time link")
    guest = console.browser()
    await guest.open(link)
    await guest.press("Create account", Password=PASSWORD)
    assert (await guest.open(f"/companies/{company['client_prefix']}")).status == 200
    found = await console.registry.owner.get(f"/people?company_id={company['id']}")
    assert [(p["email"], p["company_id"]) for p in found.body["items"]] == [("jo@partner.example", company["id"])]


async def test_people_and_open_invitations_of_other_companies_are_not_listed(
    owner: Browser, console: Console
) -> None:
    admin = console.registry.owner
    company, other = await admin.company(), await admin.company()
    for of, name in ((company, "own"), (other, "others")):
        await admin.create("/invitations", role="viewer", company_id=of["id"], email=f"{name}@partner.example")
    await console.person("viewer", company_id=other["id"])
    page = await owner.open(f"/companies/{company['client_prefix']}/people")
    assert "own@partner.example" in page.words
    assert "others@partner.example" not in page.words
    assert "Nobody of this company has an account yet" in page.words


async def test_acts_on_a_companys_person_lead_back_to_that_company(owner: Browser, console: Console) -> None:
    company = await console.registry.owner.company()
    await console.person("viewer", company_id=company["id"])
    path = f"/companies/{company['client_prefix']}/people"
    await owner.open(path)
    page = await owner.press("Suspend")
    assert (page.status, page.url.removeprefix(console.url)) == (200, path)
    assert "suspended" in page.words
    page = await owner.press("Resume")
    assert "suspended" not in page.words
    page = await owner.press("Change", **{f"Role_of_{await email_of(console, company['id'])}": "editor"})
    assert page.url.removeprefix(console.url) == path


async def test_a_role_that_there_is_not_is_refused_as_such_and_not_as_a_conflict(
    owner: Browser, console: Console
) -> None:
    admin = console.registry.owner
    company = await admin.company()
    await console.person("viewer", company_id=company["id"])
    path = f"/companies/{company['client_prefix']}/people"
    page = await owner.open(path)
    form = page.form_with("Change")
    fields = [(name, "king" if name == "role" else value) for name, value in form.fields]
    page = await owner.post(form.action, fields)
    assert (page.status, "Role of" in page.words) == (422, True)
    people = (await admin.get(f"/people?company_id={company['id']}")).body["items"]
    assert [person["role"] for person in people] == ["viewer"]


@pytest.mark.parametrize(
    "act", ["suspend", "role", "reset-second-factor", "password-reset", "password-reset/withdraw"]
)
async def test_acts_below_one_company_do_nothing_to_people_of_another(
    owner: Browser, console: Console, act: str
) -> None:
    admin = console.registry.owner
    company, other = await admin.company(), await admin.company()
    await console.person("viewer", company_id=other["id"])
    before = (await admin.get("/people?limit=1")).body["items"][0]
    assert before["company_id"] == other["id"]
    await owner.open(f"/companies/{company['client_prefix']}/people")
    fields = [*owner.page.form_with("Make invitation link").fields, ("role", "owner")]
    page = await owner.post(f"/companies/{company['client_prefix']}/people/{before['id']}/{act}", fields)
    assert page.status == 404
    assert (await admin.get("/people?limit=1")).body["items"][0] == before


async def test_invitations_of_another_company_are_not_withdrawn_below_one(owner: Browser, console: Console) -> None:
    admin = console.registry.owner
    company, other = await admin.company(), await admin.company()
    invitation = await admin.create("/invitations", role="viewer", company_id=other["id"])
    await owner.open(f"/companies/{company['client_prefix']}/people")
    path = f"/companies/{company['client_prefix']}/people/invitations/{invitation['id']}/revoke"
    page = await owner.post(path, owner.page.form_with("Make invitation link").fields)
    assert page.status == 404
    assert (await admin.get(f"/invitations/{invitation['id']}")).body["status"] == "open"


async def test_a_form_at_one_company_invites_to_no_other(owner: Browser, console: Console) -> None:
    admin = console.registry.owner
    company, other = await admin.company(), await admin.company()
    await owner.open(f"/companies/{company['client_prefix']}/people")
    fields = [*owner.page.form_with("Make invitation link").fields, ("company_id", other["id"])]
    page = await owner.post(f"/companies/{company['client_prefix']}/people/invitations", fields)
    assert page.status == 201
    invited = (await admin.get("/invitations?limit=1")).body["items"][0]
    assert invited["company_id"] == company["id"]


async def test_nobody_is_invited_to_a_revoked_company(owner: Browser, console: Console) -> None:
    company = await console.registry.owner.company()
    path = f"/companies/{company['client_prefix']}/people"
    await owner.open(path)
    fields = owner.page.form_with("Make invitation link").fields
    await console.registry.owner.post(f"/companies/{company['id']}/revoke")
    refused = await owner.post(f"{path}/invitations", fields)
    assert (refused.status, "Nobody was invited" in refused.words) == (422, True)
    assert "Make invitation link" not in refused.text


async def test_who_is_no_owner_is_offered_no_invitation(console: Console) -> None:
    company = await console.registry.owner.company()
    editor = await console.person("editor")
    page = await editor.open(f"/companies/{company['client_prefix']}/people")
    assert (page.status, "Invite somebody" in page.words) == (200, False)


async def test_people_of_another_company_see_nothing_of_it(console: Console) -> None:
    admin = console.registry.owner
    company, other = await admin.company(), await admin.company()
    stranger = await console.person("owner", company_id=other["id"])
    path = f"/companies/{company['client_prefix']}/people"
    assert (await stranger.open(path)).status == 404
    csrf = next(
        value for form in (await stranger.open("/people")).forms for name, value in form.fields if name == "csrf"
    )
    refused = await stranger.post(f"{path}/invitations", [("csrf", csrf), ("role", "viewer")])
    assert refused.status == 404
    assert (await admin.get(f"/invitations?company_id={company['id']}")).body["items"] == []


async def test_an_invitation_that_was_accepted_meanwhile_is_said_to_be(owner: Browser, console: Console) -> None:
    admin = console.registry.owner
    company = await admin.company()
    path = f"/companies/{company['client_prefix']}/people"
    made = await admin.create("/invitations", role="viewer", company_id=company["id"], email="kim@partner.example")
    await owner.open(path)
    body = {"token": made["token"], "email": made["email"], "password": PASSWORD}
    assert (await admin.with_token("").post("/invitations/accept", body)).status == 201
    page = await owner.press("Withdraw")
    assert (page.status, "It was accepted: revoke the person instead" in page.words) == (409, True)
    assert "kim@partner.example" in page.words


async def test_who_may_not_reset_is_told_so_as_one_who_may_not(console: Console) -> None:
    company = await console.registry.owner.company()
    await console.person("viewer", company_id=company["id"])
    person = (await console.registry.owner.get(f"/people?company_id={company['id']}")).body["items"][0]
    editor = await console.person("editor")
    path = f"/companies/{company['client_prefix']}/people"
    csrf = next(value for form in (await editor.open(path)).forms for name, value in form.fields if name == "csrf")
    for act in ("reset-second-factor", "password-reset"):
        refused = await editor.post(f"{path}/{person['id']}/{act}", [("csrf", csrf), ("key", "k" * 32)])
        assert (refused.status, person["email"] in refused.words) == (403, True)


async def email_of(console: Console, company_id: str) -> str:
    found = await console.registry.owner.get(f"/people?company_id={company_id}")
    return str(found.body["items"][0]["email"])
