"""Who may make the link that sets somebody's password, over HTTP, and what ends it."""

from datetime import UTC, datetime

import pytest

from services.key_registry.catalog.field_types import format_instant
from tests.integration.services.key_registry.people.joining import PASSWORD, People
from tests.integration.services.key_registry.people.password_resets.resetting import (
    NEW,
    follow,
    inspect,
    made,
    path_of,
)


async def test_owners_alone_make_it_those_of_a_company_for_its_people_alone(people: People) -> None:
    company, other = await people.owner.company(), await people.owner.company()
    of = {"company_id": company["id"]}
    person, colleague = await people.join(**of), await people.join("owner", **of)
    operators_owner, foreign = await people.join("owner"), await people.join(company_id=other["id"])
    for role in ("viewer", "editor"):
        for joined in (await people.join(role), await people.join(role, **of)):
            assert (await joined.admin.post(path_of(person))).status == 403
            assert (await joined.admin.delete(path_of(person))).status == 403
    bound = (await people.join("owner", **of)).admin
    for unreachable in (operators_owner, foreign):
        assert (await bound.post(path_of(unreachable))).status == 404
        assert (await bound.delete(path_of(unreachable))).status == 404
    for reachable in (person, colleague):
        assert (await follow(people, (await made(bound, reachable))["token"])).status == 204
    by_email = await people.owner.post(f"/people/{foreign.email}/password-reset")
    assert (by_email.status, by_email.body["person_id"]) == (201, foreign.id)
    assert (await people.owner.post("/people/nobody@blabla.example/password-reset")).status == 404


async def test_nobody_makes_one_for_themselves_nor_a_portal_session_for_anybody(people: People) -> None:
    company = await people.owner.company()
    owner, person = [await people.join(role, company_id=company["id"]) for role in ("owner", "viewer")]
    refused = await owner.admin.post(path_of(owner), {})
    assert (refused.status, "present one" in refused.body["detail"]) == (409, True)
    members = {"name": "jo", "role": "owner"}
    link = await people.owner.post(f"/companies/{company['id']}/portal-sessions", members)
    opened = await people.stranger.post("/portal-sessions/open", {"token": link.body["token"]})
    portal = people.owner.with_token(opened.body["token"])
    assert (await portal.post(path_of(person), {})).status == 403
    assert (await portal.delete(path_of(person))).status == 403


@pytest.mark.parametrize("stop", ["suspend", "revoke"])
async def test_there_is_none_for_who_may_not_sign_in_and_stopping_them_ends_it(people: People, stop: str) -> None:
    company = await people.owner.company()
    joined = await people.join(company_id=company["id"])
    token = (await made(people.owner, joined))["token"]
    assert (await people.owner.post(f"/companies/{company['id']}/suspend")).status == 200
    assert (await follow(people, token)).status == 404
    assert (await people.owner.post(path_of(joined), {})).status == 409
    assert (await people.owner.post(f"/companies/{company['id']}/resume")).status == 200
    assert (await inspect(people, token)).status == 200
    assert (await people.owner.post(f"/people/{joined.id}/{stop}")).status == 200
    assert (await follow(people, token)).status == 404
    assert (await people.owner.post(path_of(joined), {})).status == 409
    if stop == "suspend":
        assert (await people.owner.post(f"/people/{joined.id}/resume")).status == 200
        assert (await follow(people, token)).status == 404


async def test_who_remembers_the_password_and_changes_it_ends_the_link(people: People) -> None:
    joined = await people.join()
    token = (await made(people.owner, joined))["token"]
    changed = await joined.admin.post("/me/password", {"password": PASSWORD, "new": NEW})
    assert changed.status == 204
    assert (await follow(people, token, PASSWORD)).status == 404


@pytest.mark.parametrize("act", ["suspend", "revoke", "demote"])
async def test_it_ends_with_the_owner_who_made_it(people: People, act: str) -> None:
    maker, joined, other = await people.join("owner"), await people.join(), await people.join()
    token = (await made(maker.admin, joined))["token"]
    kept = (await made(people.owner, other))["token"]
    if act == "demote":
        assert (await people.owner.patch(f"/people/{maker.id}", {"role": "editor"})).status == 200
    else:
        assert (await people.owner.post(f"/people/{maker.id}/{act}")).status == 200
    assert (await follow(people, token)).status == 404
    assert (await people.owner.get(f"/people/{joined.id}")).body["password_reset_until"] is None
    (line, *_) = (await people.owner.get(f"/audit?subject={maker.id}")).body["items"]
    assert line["detail"]["password_resets_withdrawn"] == 1
    if act == "suspend":
        assert (await people.owner.post(f"/people/{maker.id}/resume")).status == 200
        assert (await follow(people, token)).status == 404
    assert (await follow(people, kept)).status == 204


@pytest.mark.parametrize("act", ["suspend", "revoke", "leak"])
async def test_it_ends_with_the_admin_token_that_made_it(people: People, act: str) -> None:
    stolen, joined = await people.owner.create("/admin-tokens", name="stolen", role="owner"), await people.join()
    token = (await made(people.owner.with_token(stolen["token"]), joined))["token"]
    if act == "leak":
        stopped = await people.owner.post("/leaks", {"found": [{"text": stolen["token"]}]})
    else:
        stopped = await people.owner.post(f"/admin-tokens/{stolen['id']}/{act}")
    assert stopped.status == 200
    assert (await follow(people, token)).status == 404
    if act == "suspend":
        people.clock.advance(1)
        assert (await people.owner.post(f"/admin-tokens/{stolen['id']}/resume")).status == 200
        assert (await follow(people, token)).status == 404
        token = (await made(people.owner.with_token(stolen["token"]), joined))["token"]
        assert (await follow(people, token)).status == 204


async def test_it_ends_when_the_admin_token_that_made_it_does(people: People) -> None:
    soon = format_instant(datetime.fromtimestamp(people.clock.now() + 60, UTC))
    maker = await people.owner.create("/admin-tokens", name="short", role="owner", expires_at=soon)
    joined, by_token = await people.join(), people.owner.with_token(maker["token"])
    token = (await made(by_token, joined))["token"]
    invitation = await by_token.create("/invitations", role="owner")
    assert (await people.owner.get(f"/people/{joined.id}")).body["password_reset_until"] == soon
    people.clock.advance(60)
    assert (await people.owner.get(f"/people/{joined.id}")).body["password_reset_until"] is None
    assert (await follow(people, token)).status == 404
    assert (await people.accept(invitation["token"], people.email())).status == 404


async def test_who_looks_at_people_sees_that_a_link_is_out_and_until_when(people: People) -> None:
    company = await people.owner.company()
    joined = await people.join(company_id=company["id"])
    link = await made(people.owner, joined, expires_in=600)
    (listed,) = (await people.owner.get(f"/people?company_id={company['id']}")).body["items"]
    shown = (await joined.admin.get(f"/people/{joined.id}")).body
    assert listed["password_reset_until"] == shown["password_reset_until"] == link["expires_at"]
    assert link["token"] not in str([listed, shown])


async def test_limits_of_its_life_and_a_repeated_create(people: People) -> None:
    joined = await people.join()
    for wrong in (0, -1, 86_401, "60", 1.5):
        response = await people.owner.post(path_of(joined), {"expires_in": wrong})
        assert (response.status, response.fields) == (422, {"expires_in"})
    key = {"Idempotency-Key": "once"}
    first, again = [await people.owner.post(path_of(joined), {}, headers=key) for _ in range(2)]
    assert first.body == again.body
    other = await people.owner.post(path_of(await people.join()), {}, headers=key)
    assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")


async def test_one_that_was_found_ends_and_is_reported(people: People) -> None:
    company = await people.owner.company()
    joined = await people.join(company_id=company["id"])
    token = (await made(people.owner, joined))["token"]
    foreign = await people.join("owner", company_id=(await people.owner.company())["id"])
    report = {"found": [{"text": f"see {token}", "url": "https://chat.example/x"}]}
    assert (await foreign.admin.post("/leaks", report)).body["items"][0]["outcome"] == "unknown"
    (item,) = (await people.owner.post("/leaks", report)).body["items"]
    assert (item["outcome"], item["kind"], item["company_id"]) == ("ended", "password_reset", company["id"])
    assert (await follow(people, token)).status == 404
    (event,) = (await people.owner.get(f"/events?company_id={company['id']}")).body["items"]
    assert (event["type"], event["data"]["kind"]) == ("credential.leaked", "password_reset")
    assert (await people.owner.post("/leaks", report)).body["items"][0]["outcome"] == "unknown"
