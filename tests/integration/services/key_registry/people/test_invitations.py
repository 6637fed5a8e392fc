"""Invitations over HTTP: who may invite whom, and a link that works once."""

import asyncio

import pytest

from services.key_registry.people import throttle
from shared import opaque
from tests.integration.services.key_registry.people.joining import CONSOLE_URL, PASSWORD, People

WEEK_S = 604_800


async def test_an_invitation_is_accepted_once_and_gives_a_session(people: People) -> None:
    company = await people.owner.company()
    created = await people.invite("editor", company_id=company["client_prefix"])
    assert opaque.well_formed(opaque.INVITATION, created["token"])
    assert (created["role"], created["company_id"], created["status"]) == ("editor", company["id"], "open")
    inspected = await people.stranger.post("/invitations/inspect", {"token": created["token"]})
    assert inspected.status == 200
    assert inspected.body == {
        **{name: created[name] for name in ("role", "company_id", "expires_at")},
        "company_name": company["name"],
        "email": None,
        "invited_by": None,
    }
    email = people.email()
    accepted = await people.accept(created["token"], email.upper())
    assert accepted.status == 201
    person = accepted.body["person"]
    assert person == {
        "id": person["id"],
        "email": email,
        "role": "editor",
        "company_id": company["id"],
        "status": "active",
    }
    assert opaque.well_formed(opaque.PERSON_SESSION, accepted.body["token"])
    me = (await people.owner.with_token(accepted.body["token"]).get("/me")).body
    assert me == {
        "kind": "person",
        "id": person["id"],
        "name": email,
        "role": "editor",
        "company_id": company["id"],
    }
    shown = (await people.owner.get(f"/invitations/{created['id']}")).body
    link = {name: created.pop(name) for name in ("token", "path", "url")}
    assert shown == created | {"status": "accepted"}
    assert link["url"] == f"{CONSOLE_URL}{link['path']}" == f"{CONSOLE_URL}/invitations/{link['token']}"
    lines = (await people.owner.get(f"/audit?actor=person:{person['id']}")).body["items"]
    assert [line["action"] for line in lines] == ["session.created", "person.created", "invitation.accepted"]
    assert {line["company_id"] for line in lines} == {company["id"]}


async def test_the_link_names_who_invites_to_their_own_company_and_none_of_the_operators_people(
    people: People,
) -> None:
    company = await people.owner.company()
    of_operator, of_company = await people.join("owner"), await people.join("owner", company_id=company["id"])
    for inviter, members, named in (
        (of_operator, {}, None),
        (of_operator, {"email": people.email()}, None),
        (of_operator, {"company_id": company["id"]}, None),
        (of_company, {}, of_company.email),
    ):
        created = await inviter.admin.create("/invitations", role="viewer", **members)
        inspected = (await people.stranger.post("/invitations/inspect", {"token": created["token"]})).body
        assert inspected["invited_by"] == named
        assert inspected["company_name"] == (company["name"] if created["company_id"] else None)


async def test_two_who_accept_at_once_become_one_person(people: People) -> None:
    token = (await people.invite())["token"]
    accepted = await asyncio.gather(*(people.accept(token, people.email()) for _ in range(3)))
    assert sorted(response.status for response in accepted) == [201, 404, 404]
    codes = {response.body["code"] for response in accepted if response.status == 404}
    assert codes == {"invitation_invalid"}


async def test_what_is_used_revoked_expired_or_unknown_looks_alike(people: People) -> None:
    used, revoked, old = [await people.invite(), await people.invite(), await people.invite(expires_in=60)]
    assert (await people.accept(used["token"], people.email())).status == 201
    for _ in range(2):
        response = await people.owner.post(f"/invitations/{revoked['id']}/revoke")
        assert (response.status, response.body["status"]) == (200, "revoked")
    people.clock.advance(60)
    assert (await people.owner.get(f"/invitations/{old['id']}")).body["status"] == "expired"
    assert (await people.owner.post(f"/invitations/{used['id']}/revoke")).status == 409
    unknown = opaque.mint(opaque.INVITATION)
    texts = set()
    for token in (used["token"], revoked["token"], old["token"], unknown, "junk", ""):
        for response in (
            await people.stranger.post("/invitations/inspect", {"token": token}),
            await people.accept(token, people.email()),
        ):
            assert (response.status, response.body["code"]) == (404, "invitation_invalid")
            texts.add(response.body["detail"])
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        ("", PASSWORD, "email"),
        ("jo", PASSWORD, "email"),
        ("jo@", PASSWORD, "email"),
        ("jo @blabla.example", PASSWORD, "email"),
        ("jo@blabla.example\n", PASSWORD, "email"),
        ("jö@blabla.example", PASSWORD, "email"),
        (f"{'a' * 243}@blabla.example", PASSWORD, "email"),
        ("{taken}", PASSWORD, "email"),
        ("free@blabla.example", "a" * 11, "password"),
        ("free@blabla.example", "a" * 1025, "password"),
        ("free@blabla.example", "Free@blabla.example", "password"),
    ],
)
async def test_a_wrong_body_names_the_member_and_uses_nothing_up(
    people: People, email: str, password: str, field: str
) -> None:
    if email == "{taken}":
        email = (await people.join()).email.upper()
    token = (await people.invite())["token"]
    refused = await people.accept(token, email, password)
    assert (refused.status, refused.fields) == (422, {field})
    assert password not in refused.raw.decode()
    assert (await people.accept(token, people.email())).status == 201


async def test_an_invitation_for_an_address_is_that_addresses_alone(people: People) -> None:
    email = people.email()
    token = (await people.invite(email=email.upper()))["token"]
    refused = await people.accept(token, people.email())
    assert (refused.status, refused.fields) == (422, {"email"})
    assert (await people.accept(token, email)).status == 201


async def test_only_owners_invite_and_those_of_a_company_only_for_it(people: People) -> None:
    company, other = await people.owner.company(), await people.owner.company()
    for role in ("viewer", "editor"):
        joined = await people.join(role)
        assert (await joined.admin.post("/invitations", {"role": "viewer"})).status == 403
        assert (await joined.admin.get("/invitations")).status == 403
    bound = (await people.join("owner", company_id=company["id"])).admin
    assert (await bound.create("/invitations", role="owner"))["company_id"] == company["id"]
    refused = await bound.post("/invitations", {"role": "viewer", "company_id": other["id"]})
    assert (refused.status, refused.fields) == (422, {"company_id"})
    foreign = await people.invite(company_id=other["id"])
    assert (await bound.get(f"/invitations/{foreign['id']}")).status == 404
    assert (await bound.post(f"/invitations/{foreign['id']}/revoke")).status == 404
    assert {item["company_id"] for item in (await bound.get("/invitations")).body["items"]} == {company["id"]}
    assert (await bound.get(f"/invitations?company_id={other['id']}")).body["items"] == []
    listed = (await people.owner.get(f"/invitations?company_id={other['client_prefix']}&limit=1")).body
    assert [item["id"] for item in listed["items"]] == [foreign["id"]]


async def test_a_repeated_create_gives_the_same_token_to_a_person_too(people: People) -> None:
    joined = await people.join("owner")
    key = {"Idempotency-Key": "once"}
    body = {"role": "viewer"}
    first, second = [await joined.admin.post("/invitations", body, headers=key) for _ in range(2)]
    assert first.body == second.body
    another = await (await people.again(joined)).post("/invitations", body, headers=key)
    assert another.body["token"] != first.body["token"], "another session may not read the response"


async def test_limits_of_an_invitations_life(people: People) -> None:
    for wrong in (0, -1, 2_592_001, "60", 1.5):
        response = await people.owner.post("/invitations", {"role": "viewer", "expires_in": wrong})
        assert (response.status, response.fields) == (422, {"expires_in"})
    assert (await people.owner.post("/invitations", {"role": "admin"})).fields == {"role"}
    token = (await people.invite())["token"]
    people.clock.advance(WEEK_S - 1)
    assert (await people.stranger.post("/invitations/inspect", {"token": token})).status == 200
    people.clock.advance(1)
    assert (await people.stranger.post("/invitations/inspect", {"token": token})).status == 404


@pytest.mark.parametrize("act", ["suspend", "revoke", "demote"])
async def test_open_invitations_end_with_the_owner_who_created_them(people: People, act: str) -> None:
    maker = await people.join("owner")
    prepared, colleague = await maker.admin.create("/invitations", role="owner"), await people.invite("owner")
    if act == "demote":
        assert (await people.owner.patch(f"/people/{maker.id}", {"role": "editor"})).status == 200
    else:
        assert (await people.owner.post(f"/people/{maker.id}/{act}")).status == 200
    assert (await people.accept(prepared["token"], people.email())).body["code"] == "invitation_invalid"
    assert (await people.owner.get(f"/invitations/{prepared['id']}")).body["status"] == "revoked"
    (line, *_) = (await people.owner.get(f"/audit?subject={maker.id}")).body["items"]
    assert line["detail"]["invitations_revoked"] == 1
    if act == "suspend":
        assert (await people.owner.post(f"/people/{maker.id}/resume")).status == 200
        assert (await people.accept(prepared["token"], people.email())).status == 404
    assert (await people.accept(colleague["token"], people.email())).status == 201


@pytest.mark.parametrize("act", ["suspend", "revoke", "leak"])
async def test_open_invitations_end_with_the_admin_token_that_created_them(people: People, act: str) -> None:
    token = await people.owner.create("/admin-tokens", name="stolen", role="owner")
    prepared = await people.owner.with_token(token["token"]).create("/invitations", role="owner")
    if act == "leak":
        stopped = await people.owner.post("/leaks", {"found": [{"text": token["token"]}]})
    else:
        stopped = await people.owner.post(f"/admin-tokens/{token['id']}/{act}")
    assert stopped.status == 200
    if act == "suspend":
        people.clock.advance(1)
        assert (await people.owner.post(f"/admin-tokens/{token['id']}/resume")).status == 200
    listed = (await people.owner.get("/invitations?limit=100")).body["items"]
    assert {item["status"] for item in listed if item["id"] == prepared["id"]} == {"revoked"}
    assert (await people.accept(prepared["token"], people.email())).status == 404


async def test_whoever_is_invited_is_slowed_down_in_finding_out_who_has_an_account(people: People) -> None:
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)
    taken, token = (await people.join()).email, (await people.invite())["token"]
    other = (await people.invite())["token"]
    statuses = [(await people.accept(token, taken)).status for _ in range(throttle.FREE_BY_SUBJECT)]
    assert statuses == [422] * throttle.FREE_BY_SUBJECT
    for email in (taken, people.email()):
        refused = await people.accept(token, email)
        assert (refused.status, int(refused.headers["Retry-After"])) == (429, throttle.FIRST_WAIT_S)
    assert (await people.accept(other, people.email())).status == 201, "another invitation of the same address"
    people.clock.advance(throttle.FIRST_WAIT_S)
    assert (await people.accept(token, people.email())).status == 201


async def test_so_are_several_who_are_invited_from_one_address(people: People) -> None:
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)
    taken, tokens = (await people.join()).email, [(await people.invite())["token"] for _ in range(8)]
    statuses = [(await people.accept(token, taken)).status for token in tokens for _ in range(4)]
    assert statuses == [422] * throttle.FREE_BY_ADDRESS + [429] * (32 - throttle.FREE_BY_ADDRESS)
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)


async def test_what_is_wrong_with_a_password_is_no_guess(people: People) -> None:
    token, email = (await people.invite())["token"], people.email()
    for _ in range(throttle.FREE_BY_SUBJECT + 1):
        assert (await people.accept(token, email, "short")).status == 422
    assert (await people.accept(token, email)).status == 201
