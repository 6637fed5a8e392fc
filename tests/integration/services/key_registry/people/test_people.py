"""People over HTTP: who sees whom, what owners do to them, and what becomes of their sessions."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from services.key_registry.people import throttle
from services.key_registry.storage.postgres.people.pruning import prune_people
from tests.integration.services.key_registry.people.joining import PASSWORD, People
from tests.support.harness.key_registry import Admin
from tests.support.waiting import until

NEW = "another horse battery staple"


async def test_a_person_is_found_by_id_and_by_email(people: People) -> None:
    earlier, joined = await people.join(), await people.join("editor")
    by_id = (await people.owner.get(f"/people/{joined.id}")).body
    assert (await people.owner.get(f"/people/{joined.email.upper()}")).body == by_id
    assert by_id.keys() == {
        *("id", "email", "role", "company_id", "status", "created_at", "updated_at", "second_factor"),
        "password_reset_until",
    }
    assert by_id["email"] == joined.email
    for absent in ("x", "x@y", "00000000-0000-7000-8000-000000000000", "a%2Fb@x"):
        assert (await people.owner.get(f"/people/{absent}")).status == 404
    first = (await people.owner.get("/people?limit=1")).body
    assert first["items"] == [by_id]
    rest = (await people.owner.get(f"/people?limit=1&cursor={first['next_cursor']}")).body["items"]
    assert [item["id"] for item in rest] == [earlier.id]


async def test_everybody_sees_the_people_of_their_own_and_owners_alone_change_them(people: People) -> None:
    company, other = await people.owner.company(), await people.owner.company()
    foreign = await people.join(company_id=other["id"])
    operators = await people.join("owner")
    colleague = await people.join(company_id=company["id"])
    for role in ("viewer", "editor", "owner"):
        bound = (await people.join(role, company_id=company["id"])).admin
        assert {item["company_id"] for item in (await bound.get("/people")).body["items"]} == {company["id"]}
        assert (await bound.get(f"/people?company_id={other['id']}")).body["items"] == []
        assert (await bound.get(f"/people/{colleague.email}")).status == 200
        for reference in (foreign.id, foreign.email, operators.id, operators.email):
            assert (await bound.get(f"/people/{reference}")).status == 404
            for act in ("suspend", "resume", "revoke"):
                refused = await bound.post(f"/people/{reference}/{act}")
                assert refused.status == (404 if role == "owner" else 403)
        changed = await bound.patch(f"/people/{colleague.id}", {"role": "editor"})
        assert changed.status == (200 if role == "owner" else 403)
    assert (await colleague.admin.get("/me")).body["role"] == "editor"


async def test_a_change_of_role_counts_from_the_next_request_on(people: People) -> None:
    joined = await people.join("owner")
    changed = await people.owner.patch(f"/people/{joined.id}", {"role": "viewer"})
    assert (changed.status, changed.body["role"]) == (200, "viewer")
    assert (await joined.admin.post("/companies", {})).status == 403
    assert (await people.owner.patch(f"/people/{joined.id}", {"role": "viewer"})).body == changed.body
    for wrong in ({}, {"role": "x"}, {"role": "viewer", "email": "x@y"}):
        assert (await people.owner.patch(f"/people/{joined.id}", wrong)).status == 422
    (line, *_) = (await people.owner.get(f"/audit?subject={joined.id}")).body["items"]
    assert (line["action"], line["detail"]) == (
        "person.changed",
        {"was": {"role": "owner"}, "now": {"role": "viewer"}},
    )


@pytest.mark.parametrize("act", ["suspend", "revoke"])
async def test_who_is_stopped_is_out_at_once_and_old_sessions_never_come_back(people: People, act: str) -> None:
    joined = await people.join()
    second = await people.again(joined)
    stopped = await people.owner.post(f"/people/{joined.id}/{act}")
    assert stopped.status == 200
    assert (await people.owner.post(f"/people/{joined.id}/{act}")).body == stopped.body
    for session in (joined.admin, second):
        assert (await session.get("/me")).status == 401
    assert (await people.sign_in(joined.email)).status == 401
    resumed = await people.owner.post(f"/people/{joined.id}/resume")
    assert resumed.status == (200 if act == "suspend" else 409)
    assert (await joined.admin.get("/me")).status == 401
    signed_in = await people.sign_in(joined.email)
    assert signed_in.status == (201 if act == "suspend" else 401)
    lines = (await people.owner.get(f"/audit?subject={joined.id}&action=person.{act}ed")).body["items"]
    lines += (await people.owner.get(f"/audit?subject={joined.id}&action=person.{act}d")).body["items"]
    assert [line["detail"]["sessions_ended"] for line in lines] == [2]


async def test_whoever_was_revoked_may_be_invited_again(people: People) -> None:
    joined = await people.join("editor")
    assert (await people.owner.post(f"/people/{joined.email}/revoke")).status == 200
    assert (await people.owner.patch(f"/people/{joined.id}", {"role": "viewer"})).status == 409
    accepted = await people.accept((await people.invite())["token"], joined.email, NEW)
    assert accepted.status == 201
    assert (await people.owner.get(f"/people/{joined.email}")).body["id"] == accepted.body["person"]["id"]
    assert (await people.owner.get(f"/people/{joined.id}")).body["status"] == "revoked"
    assert (await people.sign_in(joined.email)).status == 401
    assert (await people.sign_in(joined.email, NEW)).status == 201


async def test_the_last_owner_does_not_lock_themselves_out(people: People) -> None:
    async with people.registry.database.connection() as connection:
        await connection.execute("UPDATE person SET role = 'viewer' WHERE role = 'owner' AND company_id IS NULL")
    company = await people.owner.company()
    await people.join("owner", company_id=company["id"])
    one = await people.join("owner")
    refusals = [
        await one.admin.patch(f"/people/{one.id}", {"role": "editor"}),
        await one.admin.post(f"/people/{one.id}/suspend"),
        await one.admin.post(f"/people/{one.email}/revoke"),
    ]
    assert [refused.status for refused in refusals] == [409] * 3
    another = await people.join("owner")
    demoted = await asyncio.gather(
        *(each.admin.patch(f"/people/{each.id}", {"role": "viewer"}) for each in (one, another))
    )
    assert sorted(response.status for response in demoted) == [200, 409]
    last = one if demoted[0].status == 409 else another
    assert (await people.owner.post(f"/people/{last.id}/revoke")).status == 200, "an admin token may"


async def test_two_owners_who_stop_each_other_at_once_are_not_both_stopped(people: People) -> None:
    one, other = await people.join("owner"), await people.join("owner")
    acts = (
        one.admin.patch(f"/people/{other.id}", {"role": "viewer"}),
        other.admin.post(f"/people/{one.id}/suspend"),
    )
    assert sorted([response.status == 200 for response in await asyncio.gather(*acts)]) == [False, True]


async def test_who_was_stopped_while_a_body_was_on_its_way_does_nothing_with_it(people: People) -> None:
    token = await people.owner.create("/admin-tokens", name="stolen", role="owner")
    revoked, demoted = await people.join("owner"), await people.join("owner")
    company = await people.owner.company()
    stolen, free = people.owner.with_token(token["token"]), asyncio.Event()

    async def slowly(admin: Admin, method: str, path: str, body: object) -> int:
        async def pieces() -> AsyncIterator[bytes]:
            yield orjson.dumps(body)[:1]
            await free.wait()
            yield orjson.dumps(body)[1:]

        return (await admin.call(method, path, raw=pieces())).status  # type: ignore[arg-type]

    requests = [
        (stolen, "POST", "/admin-tokens", {"name": "later", "role": "owner"}),
        (stolen, "PATCH", f"/companies/{company['id']}", {"name": "Other"}),
        (stolen, "POST", "/revocations", {"kind": "company", "id": company["id"]}),
        (stolen, "POST", "/leaks", {"found": [{"text": "x"}]}),
        (stolen, "POST", "/webhooks", {"url": "https://hook.example/"}),
        (revoked.admin, "POST", "/invitations", {"role": "owner"}),
        (revoked.admin, "POST", "/me/password", {"password": PASSWORD, "new": NEW}),
        (revoked.admin, "PATCH", f"/people/{demoted.id}", {"role": "viewer"}),
        (demoted.admin, "POST", "/invitations", {"role": "owner"}),
    ]
    tasks = [asyncio.create_task(slowly(*request)) for request in requests]
    for admin in (stolen, revoked.admin, demoted.admin):
        assert (await admin.get("/me")).status == 200
    assert (await people.owner.post(f"/admin-tokens/{token['id']}/revoke")).status == 200
    assert (await people.owner.post(f"/people/{revoked.id}/revoke")).status == 200
    assert (await people.owner.patch(f"/people/{demoted.id}", {"role": "editor"})).status == 200
    free.set()
    statuses = await asyncio.gather(*tasks)
    assert statuses == [401] * (len(requests) - 1) + [403]


async def test_a_new_password_ends_all_other_sessions(people: People) -> None:
    joined = await people.join()
    second = await people.again(joined)
    wrong = await joined.admin.post("/me/password", {"password": "x", "new": NEW})
    assert (wrong.status, wrong.fields) == (422, {"password"})
    for refused in ("short", joined.email):
        response = await joined.admin.post("/me/password", {"password": PASSWORD, "new": refused})
        assert (response.status, response.fields) == (422, {"new"})
    changed = await joined.admin.post("/me/password", {"password": PASSWORD, "new": NEW})
    assert (changed.status, changed.raw) == (204, b"")
    assert (await joined.admin.get("/me")).status == 200
    assert (await second.get("/me")).status == 401
    assert (await people.sign_in(joined.email)).status == 401
    assert (await people.sign_in(joined.email, NEW)).status == 201
    assert (await people.owner.post("/me/password", {"password": PASSWORD, "new": NEW})).status == 403
    lines = (await people.owner.get(f"/audit?subject={joined.id}")).body["items"]
    assert "person.password_changed" in [line["action"] for line in lines]


async def test_a_wrong_present_password_is_in_the_trail(people: People) -> None:
    joined = await people.join()
    assert (await joined.admin.post("/me/password", {"password": "a wrong one", "new": NEW})).status == 422

    async def refusal() -> object:
        lines = (await people.owner.get(f"/audit?subject={joined.id}")).body["items"]
        found = [line["detail"]["cause"] for line in lines if line["action"] == "person.confirmation_refused"]
        return found == ["wrong_password"]

    await until(refusal)  # refusals are written a moment later


async def test_a_stolen_session_does_not_guess_the_password(people: People) -> None:
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)
    joined = await people.join()
    body = {"password": "a wrong one", "new": NEW}
    guesses = [(await joined.admin.post("/me/password", body)).status for _ in range(6)]
    assert guesses == [422] * 5 + [429]
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)


async def test_what_ended_a_month_ago_is_pruned_and_people_stay(people: People) -> None:
    joined = await people.join()
    async with people.registry.database.connection() as connection:
        await connection.execute(
            "UPDATE person_session SET expires_at = now() - interval '29 days' WHERE person_id = $1", joined.id
        )
        await connection.execute("UPDATE invitation SET expires_at = now() - interval '31 days'")
        at = await connection.fetchval("SELECT extract(epoch FROM now())")
        counts = []
        for days in (0, 2):
            await prune_people(people.registry.database, float(at) + days * 86400)
            counts.append(
                (
                    await connection.fetchval("SELECT count(*) FROM invitation"),
                    await connection.fetchval(
                        "SELECT count(*) FROM person_session WHERE person_id = $1", joined.id
                    ),
                )
            )
        assert counts == [(0, 1), (0, 0)]
    assert (await people.owner.get(f"/people/{joined.id}")).status == 200
