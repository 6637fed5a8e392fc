"""Sessions over HTTP: what they allow, when they end, and what guessing leads to."""

import asyncio
from unittest.mock import patch

from services.key_registry.people import throttle
from services.key_registry.people.passwords import Passwords
from shared import opaque
from tests.integration.services.key_registry.people.joining import PASSWORD, People

HOUR_S = 3600
DAY_S = 86400


async def test_a_session_is_a_bearer_token_with_the_persons_role(people: People) -> None:
    viewer, editor = await people.join("viewer"), await people.join("editor")
    assert (await viewer.admin.get("/companies")).status == 200
    refused = await viewer.admin.post("/companies", {})
    assert refused.status == 403
    assert "person" in refused.body["detail"]
    company = await editor.admin.company()
    (line,) = (await people.owner.get(f"/audit?subject={company['id']}")).body["items"]
    assert line["actor"] == f"person:{editor.id}"


async def test_a_person_of_a_company_sees_that_company_alone(people: People) -> None:
    company, other = await people.owner.company(), await people.owner.company()
    for each in (company, other):
        await people.owner.create("/access-keys", company_id=each["id"], name="Shop")
    bound = (await people.join("owner", company_id=company["id"])).admin
    assert (await bound.get(f"/companies/{other['id']}")).status == 404
    assert [item["id"] for item in (await bound.get("/companies")).body["items"]] == [company["id"]]
    assert {k["company_id"] for k in (await bound.get("/access-keys")).body["items"]} == {company["id"]}
    lines = (await bound.get("/audit")).body["items"]
    assert {line["company_id"] for line in lines} == {company["id"]}
    assert (await bound.post(f"/companies/{company['id']}/suspend")).status == 403
    assert (await people.owner.post(f"/companies/{company['id']}/suspend")).status == 200
    assert (await bound.get("/me")).status == 401
    assert (await people.owner.post(f"/companies/{company['id']}/resume")).status == 200
    assert (await bound.get("/me")).status == 200


async def test_a_stale_role_is_worth_nothing_from_the_next_request_on(people: People) -> None:
    editor = await people.join("editor")
    await editor.admin.company()
    async with people.registry.database.connection() as connection:
        await connection.execute("UPDATE person SET role = 'viewer' WHERE id = $1", editor.id)
    assert (await editor.admin.post("/companies", {})).status == 403
    assert (await editor.admin.get("/me")).body["role"] == "viewer"


async def test_one_ends_when_it_is_not_used_and_in_any_case_after_a_week(people: People) -> None:
    idle, used = await people.join(), await people.join()
    for _ in range(14):
        people.clock.advance(12 * HOUR_S - 1)
        assert (await used.admin.get("/me")).status == 200
    assert (await idle.admin.get("/me")).status == 401
    people.clock.advance(14)
    assert (await used.admin.get("/me")).status == 401
    assert (await used.admin.get("/sessions")).status == 401


async def test_the_last_use_is_written_once_a_minute(people: People) -> None:
    joined = await people.join()

    async def last_used() -> str:
        (session,) = (await joined.admin.get("/sessions")).body["items"]
        return str(session["last_used_at"])

    first = await last_used()
    people.clock.advance(59)
    assert await last_used() == first
    people.clock.advance(1)
    assert await last_used() != first


async def test_own_sessions_are_listed_and_ended(people: People) -> None:
    joined, other = await people.join(), await people.join()
    agent = "Mozilla/5.0 " + "x" * 300
    second = (await people.sign_in(joined.email, **{"User-Agent": agent})).body
    listed = (await joined.admin.get("/sessions")).body["items"]
    assert [(each["id"] == second["id"], each["current"]) for each in listed] == [(True, False), (False, True)]
    assert (listed[0]["user_agent"], listed[0]["address"]) == (agent[:200], "127.0.0.1")
    assert (await other.admin.delete(f"/sessions/{second['id']}")).status == 404
    assert (await joined.admin.delete(f"/sessions/{second['id']}")).status == 204
    assert (await joined.admin.delete(f"/sessions/{second['id']}")).status == 404
    ended = people.owner.with_token(second["token"])
    assert (await ended.get("/me")).status == 401
    assert (await joined.admin.delete("/sessions/current")).status == 204
    assert (await joined.admin.get("/me")).status == 401
    assert (await people.owner.get("/sessions")).body == {"items": []}
    assert (await people.owner.delete("/sessions/current")).status == 404
    lines = (await people.owner.get(f"/audit?subject={second['id']}")).body["items"]
    assert [line["action"] for line in lines] == ["session.ended", "session.created"]


async def test_me_is_the_admin_token_too(people: People) -> None:
    token = await people.owner.create("/admin-tokens", name="ops", role="viewer")
    me = (await people.owner.with_token(token["token"]).get("/me")).body
    assert me == {"kind": "admin_token", "id": token["id"], "name": "ops", "role": "viewer", "company_id": None}


async def test_whoever_may_not_sign_in_learns_nothing_of_why(people: People) -> None:
    """The same text, after the same work: a hash is verified also where there is none."""
    company = await people.owner.company()
    known, suspended = await people.join(), await people.join()
    of_company = await people.join(company_id=company["id"])
    assert (await people.owner.post(f"/companies/{company['id']}/suspend")).status == 200
    async with people.registry.database.connection() as connection:
        await connection.execute("UPDATE person SET status = 'suspended' WHERE id = $1", suspended.id)
    tried = [
        (known.email, "another password"),
        (suspended.email, PASSWORD),
        (of_company.email, PASSWORD),
        (people.email(), PASSWORD),
        ("no address", ""),
    ]
    matches = Passwords._matches
    with patch.object(Passwords, "_matches", autospec=True, side_effect=matches) as verified:
        responses = [await people.sign_in(*each) for each in tried]
    assert verified.call_count == len(tried)
    for response in responses:
        assert response.status == 401
        assert response.body["detail"] == responses[0].body["detail"]
        assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_guessing_is_stopped_for_known_and_unknown_alike_and_ends_by_itself(people: People) -> None:
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)
    joined = await people.join()
    for email in (joined.email, people.email()):
        guesses = [await people.sign_in(email.upper(), "a wrong password") for _ in range(6)]
        assert [guess.status for guess in guesses] == [401] * 5 + [429]
        assert int(guesses[-1].headers["Retry-After"]) == 30
    assert (await people.sign_in(joined.email)).status == 429, "the right password does not help"
    people.clock.advance(30)
    assert (await people.sign_in(joined.email)).status == 201
    assert (await people.sign_in(joined.email)).status == 201
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)


async def test_many_guesses_at_once_are_no_way_around_it(people: People) -> None:
    joined = await people.join()
    guesses = await asyncio.gather(*(people.sign_in(joined.email, f"wrong password {n}") for n in range(12)))
    statuses = sorted(guess.status for guess in guesses)
    assert statuses.count(401) <= 5
    assert set(statuses) <= {401, 429}
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)


async def test_no_secret_of_a_person_is_at_rest(people: People) -> None:
    invitation = await people.invite()
    session = (await people.accept(invitation["token"], people.email())).body
    async with people.registry.database.connection() as connection:
        names = await connection.fetch(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'key_registry'"
        )
        rows = [await connection.fetch(f'SELECT t::text FROM "{record[0]}" t') for record in names]
    content = "\n".join(record[0] for table in rows for record in table)
    for secret in (invitation["token"], session["token"], PASSWORD):
        assert secret not in content
        assert secret.encode().hex() not in content
    assert opaque.find_in(content) == []
    assert "$argon2id$v=19$" in content


async def test_tokens_that_never_were_are_refused(people: People) -> None:
    for token in (opaque.mint(opaque.PERSON_SESSION), "pgps_x", "pgps_" + "A" * 49):
        response = await people.owner.with_token(token).get("/me")
        assert (response.status, response.headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_whatever_a_stranger_sends_is_refused_in_its_form(people: People) -> None:
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)
    hostile = ("\\u0000", "\\ud800", "a" * 254, "x" * 255, "\\u212a@x.y", "%00", "'; --")
    for text in hostile:
        for body in (f'{{"email":"{text}","password":"x"}}', f'{{"email":"jo@x.y","password":"{text}"}}'):
            assert (await people.stranger.post("/sessions", raw=body.encode())).status in (400, 401, 422, 429), body
        body = f'{{"token":"{text}"}}'
        refused = await people.stranger.post("/invitations/inspect", raw=body.encode())
        assert refused.status in (400, 404, 422), body
    headers = {"User-Agent": "x\u00ff<script>\t"}
    joined = await people.join()
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)
    assert (await people.sign_in(joined.email, **headers)).status == 201
    for raw in (b"", b"[]", b"{}", b'{"email":"jo@x.y","password":"x","password":"y"}'):
        assert (await people.stranger.post("/sessions", raw=raw)).status in (400, 422)
