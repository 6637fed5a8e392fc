"""Sessions that a vendor's backend opens for people of one company: links that work once, rights that end there."""

import asyncio
from typing import Any

from shared import opaque
from tests.integration.services.key_registry.people.joining import People
from tests.support.harness.key_registry import Admin, Responded


async def link(people: People, company: dict[str, Any], by: Admin | None = None, **members: Any) -> dict[str, Any]:
    path = f"/companies/{company['client_prefix']}/portal-sessions"
    return await (by or people.owner).create(path, **{"name": "Jo of BlaBla", **members})


async def follow(people: People, token: str) -> Responded:
    return await people.stranger.post("/portal-sessions/open", {"token": token})


async def opened(people: People, company: dict[str, Any], **members: Any) -> Admin:
    followed = await follow(people, (await link(people, company, **members))["token"])
    assert followed.status == 201, followed.raw
    return people.owner.with_token(followed.body["token"])


async def statuses(people: People, company: dict[str, Any]) -> list[str]:
    page = await people.owner.get(f"/companies/{company['id']}/portal-sessions")
    return [item["status"] for item in page.body["items"]]


async def test_a_link_says_where_it_leads_and_opens_one_session(people: People) -> None:
    company = await people.owner.company(name="BlaBla GmbH")
    created = await link(people, company)
    assert opaque.well_formed(opaque.PORTAL_LINK, created["token"])
    assert (created["role"], created["status"]) == ("editor", "waiting")
    assert created["path"] == f"/portal-links/{created['token']}"
    assert created["url"] == f"http://localhost:8106{created['path']}"
    for _ in range(2):
        seen = await people.stranger.post("/portal-sessions/inspect", {"token": created["token"]})
        assert seen.status == 200, "looking uses nothing up"
        assert (seen.body["company_name"], seen.body["name"]) == ("BlaBla GmbH", "Jo of BlaBla")
    followed = await asyncio.gather(*(follow(people, created["token"]) for _ in range(3)))
    assert sorted(response.status for response in followed) == [201, 404, 404]
    body = next(response.body for response in followed if response.status == 201)
    session = people.owner.with_token(body["token"])
    assert (await session.get("/me")).body == {
        "kind": "portal_session",
        "id": created["id"],
        "name": "Jo of BlaBla",
        "role": "editor",
        "company_id": company["id"],
    }
    assert [item["id"] for item in (await session.get("/companies")).body["items"]] == [company["id"]]
    key = await session.create("/access-keys", company_id=company["id"], name="made in the portal")
    assert (await session.post(f"/access-keys/{key['id']}/revoke")).status == 200
    lines = (await session.get(f"/audit?actor=portal_session:{created['id']}")).body["items"]
    assert [line["action"] for line in lines] == [
        "access_key.revoked",
        "access_key.created",
        "portal_session.opened",
    ]
    trail = (await people.owner.get(f"/audit?company_id={company['id']}&limit=200")).body["items"]
    kept = [{**line, "actor_name": None, "subject_name": None} for line in trail]
    assert "Jo of BlaBla" not in str(kept), "a name cannot be taken out of the trail again"


async def test_what_is_used_ended_expired_or_unknown_looks_alike(people: People) -> None:
    company = await people.owner.company()
    used, ended, old = [await link(people, company) for _ in range(3)]
    assert (await follow(people, used["token"])).status == 201
    one = f"/companies/{company['id']}/portal-sessions/{ended['id']}"
    assert [(await people.owner.delete(one)).status for _ in range(2)] == [204, 204]
    people.clock.advance(299)
    looked = await people.stranger.post("/portal-sessions/inspect", {"token": old["token"]})
    assert looked.status == 200
    people.clock.advance(1)
    texts = set()
    for token in (used["token"], ended["token"], old["token"], opaque.mint(opaque.PORTAL_LINK), "junk", ""):
        for response in (
            await people.stranger.post("/portal-sessions/inspect", {"token": token}),
            await follow(people, token),
        ):
            assert (response.status, response.body["code"]) == (404, "portal_link_invalid")
            texts.add(response.body["detail"])
    assert len(texts) == 1
    assert await statuses(people, company) == ["expired", "ended", "open"]


async def test_a_session_ends_with_its_time_by_signing_out_by_the_vendor_and_with_the_company(
    people: People,
) -> None:
    company = await people.owner.company()
    signed_out, ended, old, idle = [
        await opened(people, company, session_lifetime=s) for s in (600, 600, 600, 86400)
    ]
    assert (await signed_out.delete("/sessions/current")).status == 204
    listed = (await people.owner.get(f"/companies/{company['id']}/portal-sessions")).body["items"]
    await people.owner.delete(f"/companies/{company['id']}/portal-sessions/{listed[2]['id']}")
    for session in (signed_out, ended):
        assert (await session.get("/me")).status == 401
    assert (await old.get("/me")).status == (await idle.get("/me")).status == 200
    await people.owner.post(f"/companies/{company['id']}/suspend")
    assert (await old.get("/me")).status == 401
    await people.owner.post(f"/companies/{company['id']}/resume")
    assert (await old.get("/me")).status == 200
    people.clock.advance(600)
    assert (await old.get("/me")).status == 401
    assert (await idle.get("/me")).status == 200
    people.clock.advance(43_200)
    assert (await idle.get("/me")).status == 401
    lines = (await people.owner.get(f"/audit?action=session.refused&company_id={company['id']}")).body["items"]
    assert {line["subject_kind"] for line in lines} <= {"portal_session"}


async def test_it_is_the_operators_to_give_and_never_more_than_the_caller_has(people: People) -> None:
    company, other = await people.owner.company(), await people.owner.company()
    path, body = f"/companies/{company['id']}/portal-sessions", {"name": "x"}
    viewer, editor = (await people.join("viewer")).admin, (await people.join("editor")).admin
    assert (await viewer.post(path, body)).status == 403
    assert (await editor.post(path, body)).status == 201
    assert (await editor.post(path, {**body, "role": "owner"})).status == 403
    bound = await opened(people, company, role="owner")
    assert (await bound.post(path, body)).status == 403
    of_other = f"/companies/{other['id']}/portal-sessions"
    theirs = await link(people, other)
    assert (await bound.post(of_other, body)).status == 404
    assert (await bound.get(of_other)).status == 404
    assert (await bound.delete(f"{of_other}/{theirs['id']}")).status == 404
    assert (await bound.delete(f"{path}/{theirs['id']}")).status == 404, "nor through the own company's path"
    assert (await bound.post("/me/password", {"password": "x", "new": "y" * 12})).status == 403
    assert (await bound.get("/sessions")).body["items"] == []


async def test_a_wrong_body_names_the_member_and_a_stopped_company_has_no_portal(people: People) -> None:
    company = await people.owner.company()
    path = f"/companies/{company['client_prefix']}/portal-sessions"
    for wrong in (
        {"name": ""}, {"name": "a\nb"}, {"role": "admin"}, {"expires_in": 0}, {"expires_in": 3601},
        {"session_lifetime": 59}, {"session_lifetime": 86_401}, {"company_id": "x"},
    ):  # fmt: skip
        response = await people.owner.post(path, {"name": "x", **wrong})
        assert (response.status, response.fields) == (422, set(wrong)), wrong
    waiting, key = await link(people, company), {"Idempotency-Key": "again"}
    first, second = [await people.owner.post(path, {"name": "x"}, headers=key) for _ in range(2)]
    assert first.body == second.body
    await people.owner.post(f"/companies/{company['id']}/suspend")
    assert (await people.owner.post(path, {"name": "x"})).status == 409
    assert (await follow(people, waiting["token"])).status == 404
    assert (await people.owner.post("/companies/nowhere/portal-sessions", {"name": "x"})).status == 404


async def test_a_link_or_a_session_that_leaked_is_ended(people: People) -> None:
    company = await people.owner.company()
    created = await link(people, company)
    followed = (await follow(people, created["token"])).body["token"]
    other = await link(people, company)
    for found in (followed, other["token"]):
        report = await people.owner.post("/leaks", {"found": [{"text": found}]})
        [item] = report.body["items"]
        assert (item["outcome"], item["kind"]) == ("ended", "portal_session")
    assert (await people.owner.with_token(followed).get("/me")).status == 401
    assert (await follow(people, other["token"])).status == 404


async def test_the_audit_trail_names_who_came_to_their_own_company_and_to_the_operator(people: People) -> None:
    company, other = await people.owner.company(), await people.owner.company()
    session = await opened(people, company, name="Jo of BlaBla", role="editor")
    key = await session.create("/access-keys", company_id=company["id"], name="shop")
    for reader in (session, people.owner):
        [line] = (await reader.get(f"/audit?action=access_key.created&subject={key['id']}")).body["items"]
        assert (line["actor_name"], line["subject_name"]) == ("Jo of BlaBla", "shop")
    theirs = await opened(people, other, name="Al")
    assert (await theirs.get(f"/audit?action=access_key.created&subject={key['id']}")).body["items"] == []
    lines = (await theirs.get("/audit?limit=200")).body["items"]
    assert {line["actor_name"] for line in lines} <= {None, "Al"}
