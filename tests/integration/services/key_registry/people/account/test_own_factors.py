"""Turning a second factor on and off, over HTTP, and who else can take it away."""

from uuid import UUID

from services.key_registry.people import throttle
from services.key_registry.people.account.own_factors import ENROLMENT_LIFE_S
from services.key_registry.storage.postgres.people.pruning import UNFINISHED_KEPT_S, prune_people
from tests.integration.services.key_registry.people.factors.enrolment import (
    RECOVERY,
    TOTP,
    enrol,
    finish,
    offered,
    password_step,
)
from tests.integration.services.key_registry.people.joining import PASSWORD, People
from tests.support.waiting import until

STATE = "/me/second-factor"


async def test_nothing_counts_until_a_code_has_confirmed_it(people: People) -> None:
    joined = await people.join()
    authenticator = await offered(people, joined)
    assert (await people.sign_in(joined.email)).status == 201
    wrong = await joined.admin.post(f"{TOTP}/confirm", {"code": authenticator.wrong_code()})
    assert (wrong.status, wrong.body["errors"][0]["field"]) == (422, "code")
    assert (await joined.admin.get(STATE)).body["totp_since"] is None
    people.clock.advance(ENROLMENT_LIFE_S)
    assert (await joined.admin.post(f"{TOTP}/confirm", {"code": authenticator.code()})).status == 409
    first, second = await offered(people, joined), await offered(people, joined)
    assert (await joined.admin.post(f"{TOTP}/confirm", {"code": first.code()})).status == 422, "the latest counts"
    assert (await joined.admin.post(f"{TOTP}/confirm", {"code": second.code()})).status == 201
    assert (await joined.admin.post(f"{TOTP}/confirm", {"code": second.next_code()})).status == 409
    state = (await joined.admin.get(STATE)).body
    assert (state["available"], state["recovery_codes_left"]) == (True, 10)
    assert state["totp_since"] is not None


async def test_turning_it_on_ends_all_sessions_but_this_one(people: People) -> None:
    joined = await people.join()
    elsewhere = await people.again(joined)
    await enrol(people, joined)
    assert (await elsewhere.get("/me")).status == 401
    assert (await joined.admin.get("/me")).status == 200


async def test_turning_it_on_needs_the_password_and_turning_it_off_the_code_too(people: People) -> None:
    joined = await people.join()
    wrong = await joined.admin.post(TOTP, {"password": "not the password"})
    assert (wrong.status, wrong.body["errors"][0]["field"]) == (422, "password")
    enrolled = await enrol(people, joined)
    code = enrolled.authenticator.next_code()
    for path in (f"{TOTP}/remove", RECOVERY):
        for body, field in (
            (enrolled.confirmation(code, "not the password"), "password"),
            (enrolled.confirmation(enrolled.authenticator.wrong_code()), "code"),
        ):
            refused = await joined.admin.post(path, body)
            assert (refused.status, refused.body["errors"][0]["field"]) == (422, field)
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)
    assert (await joined.admin.post(TOTP, {"password": PASSWORD})).status == 422, "nobody puts another beside it"
    assert (await joined.admin.post(f"{TOTP}/remove", enrolled.confirmation())).status == 204
    assert (await joined.admin.post(f"{TOTP}/remove", enrolled.confirmation())).status == 409
    assert (await people.sign_in(joined.email)).status == 201

    async def all_in_the_trail() -> bool:
        lines = (await people.owner.get(f"/audit?subject={joined.id}&limit=50")).body["items"]
        done = {"person.totp_enabled", "person.totp_disabled", "person.confirmation_refused"}
        return done <= {line["action"] for line in lines}

    await until(all_in_the_trail)  # refusals are written a moment later


async def test_changing_the_password_needs_the_code_too(people: People) -> None:
    enrolled = await enrol(people, await people.join())
    admin, new = enrolled.joined.admin, {"new": "another long password"}
    for wrong in ("", enrolled.authenticator.wrong_code()):
        refused = await admin.post("/me/password", {"password": PASSWORD, "code": wrong, **new})
        assert (refused.status, refused.fields) == (422, {"code"})
    assert (await people.sign_in(enrolled.joined.email)).status == 202, "it is still the password"
    code = enrolled.authenticator.next_code()
    assert (await admin.post("/me/password", enrolled.confirmation(code) | new)).status == 204
    assert (await admin.post("/me/password", {"password": new["new"], "code": code, "new": PASSWORD})).status == 422
    used = {"password": new["new"], "code": enrolled.recovery_codes[0], "new": PASSWORD}
    assert (await admin.post("/me/password", used)).status == 204, "a recovery code does as well"


async def test_guessing_codes_with_somebody_elses_session_is_stopped(people: People) -> None:
    enrolled = await enrol(people, await people.join())
    wrong = enrolled.confirmation(enrolled.authenticator.wrong_code())
    statuses = [(await enrolled.joined.admin.post(f"{TOTP}/remove", wrong)).status for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)
    joined = await people.join()
    authenticator = await offered(people, joined)
    wrong = {"code": authenticator.wrong_code()}
    statuses = [(await joined.admin.post(f"{TOTP}/confirm", wrong)).status for _ in range(6)]
    assert statuses == [422] * 5 + [429], "nor is one that is being set up confirmed so"
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)


async def test_new_recovery_codes_end_those_of_before(people: People) -> None:
    enrolled = await enrol(people, await people.join())
    replaced = await enrolled.joined.admin.post(RECOVERY, enrolled.confirmation(enrolled.recovery_codes[0]))
    assert replaced.status == 201
    fresh = replaced.body["recovery_codes"]
    assert len(set(fresh) - set(enrolled.recovery_codes)) == 10
    token = await password_step(people, enrolled)
    assert (await finish(people, token, enrolled.recovery_codes[1])).status == 401
    assert (await finish(people, token, fresh[0])).status == 201


async def test_an_owner_takes_away_what_somebody_has_lost_and_their_sessions_end(people: People) -> None:
    company = await people.owner.company()
    enrolled = await enrol(people, await people.join(company_id=company["id"]))
    owner = await people.join("owner", company_id=company["id"])
    other = await people.join("owner", company_id=(await people.owner.company())["id"])
    editor = await people.join("editor")
    path = f"/people/{enrolled.joined.id}/reset-second-factor"
    assert (await people.owner.get(f"/people/{enrolled.joined.id}")).body["second_factor"] is True
    assert (await other.admin.post(path)).status == 404
    assert (await editor.admin.post(path)).status == 403
    link = await people.owner.post(f"/companies/{company['id']}/portal-sessions", {"name": "jo", "role": "owner"})
    opened = await people.stranger.post("/portal-sessions/open", {"token": link.body["token"]})
    portal = people.owner.with_token(opened.body["token"])
    assert (await portal.post(path)).status == 403, "whoever a backend vouches for takes no factor away"
    assert (await portal.get(STATE)).status == 403
    reset = await owner.admin.post(path)
    assert (reset.status, reset.body["second_factor"]) == (200, False)
    assert (await enrolled.joined.admin.get("/me")).status == 401
    assert (await people.sign_in(enrolled.joined.email)).status == 201
    lines = (await people.owner.get(f"/audit?subject={enrolled.joined.id}")).body["items"]
    by = {line["action"]: line["actor"] for line in lines}
    assert by["person.second_factor_reset"] == f"person:{owner.id}"
    [detail] = [line["detail"] for line in lines if line["action"] == "person.second_factor_reset"]
    assert detail.keys() == {"passkeys_removed", "identities_removed", "sessions_ended"}


async def test_nobody_resets_their_own_and_an_admin_token_has_none(people: People) -> None:
    enrolled = await enrol(people, await people.join("owner"))
    path = f"/people/{enrolled.joined.id}/reset-second-factor"
    assert (await enrolled.joined.admin.post(path)).status == 409
    assert (await people.owner.get(STATE)).status == 403
    for each in (TOTP, f"{TOTP}/remove", RECOVERY):
        assert (await people.owner.post(each, {"password": PASSWORD, "code": ""})).status == 403
    assert (await people.owner.post(f"{TOTP}/confirm", {"code": "000000"})).status == 403


async def test_no_secret_code_or_token_of_a_second_factor_is_at_rest(people: People) -> None:
    enrolled = await enrol(people, await people.join())
    token = await password_step(people, enrolled)
    async with people.registry.database.connection() as connection:
        names = await connection.fetch(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'key_registry'"
        )
        rows = [await connection.fetch(f'SELECT t::text FROM "{record[0]}" t') for record in names]
    content = "\n".join(record[0] for table in rows for record in table)
    for secret in (enrolled.authenticator.secret, token, *enrolled.recovery_codes):
        assert secret not in content
        assert secret.encode().hex() not in content


async def test_what_is_known_of_each_use_makes_a_restore_notice_it(people: People) -> None:
    """A restore holds people who were changed after the dump: a used recovery code must not come back unnoticed."""
    enrolled = await enrol(people, await people.join())

    async def changed() -> object:
        async with people.registry.database.connection() as connection:
            return await connection.fetchval(
                "SELECT updated_at FROM person WHERE id = $1", UUID(enrolled.joined.id)
            )

    before = await changed()
    people.clock.advance(1)
    token = await password_step(people, enrolled)
    assert (await finish(people, token, enrolled.recovery_codes[0])).status == 201
    assert await changed() != before


async def test_what_was_begun_and_not_finished_is_deleted_after_an_hour(people: People) -> None:
    joined, enrolled = await people.join(), await enrol(people, await people.join())
    await offered(people, joined)
    token = await password_step(people, enrolled)
    assert (await finish(people, token, enrolled.authenticator.next_code())).status == 201
    people.clock.advance(UNFINISHED_KEPT_S + 301)
    await prune_people(people.registry.database, people.clock.now())
    async with people.registry.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM used_challenge") == 0
        assert await connection.fetchval("SELECT count(*) FROM person_totp WHERE confirmed_at IS NULL") == 0
        found = "SELECT count(*) FROM person_totp WHERE person_id = $1"
        assert await connection.fetchval(found, UUID(enrolled.joined.id)) == 1
