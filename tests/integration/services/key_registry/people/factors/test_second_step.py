"""The code after the password, over HTTP: what it opens, and what goes around it."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from services.key_registry.people import throttle
from services.key_registry.people.sessions.pending import PENDING_LIFE_S
from shared import opaque
from tests.integration.services.key_registry.people.factors.enrolment import (
    Enrolled,
    enrol,
    finish,
    password_step,
)
from tests.integration.services.key_registry.people.joining import People
from tests.support.harness.key_registry import Responded

NEW = "another horse battery staple"


async def actions_of(people: People, id_: str) -> list[str]:
    lines = (await people.owner.get(f"/audit?subject={id_}&limit=50")).body["items"]
    return [line["action"] for line in lines]


async def test_password_and_code_open_one_session_and_each_is_in_the_trail(people: People) -> None:
    enrolled = await enrol(people, await people.join("editor"))
    token = await password_step(people, enrolled)
    opened = await finish(people, token, enrolled.authenticator.next_code())
    assert opened.status == 201
    me = (await people.owner.with_token(opened.body["token"]).get("/me")).body
    assert (me["name"], me["role"]) == (enrolled.joined.email, "editor")
    assert (await finish(people, token, enrolled.authenticator.next_code())).status == 404, "used"
    assert "person.second_factor_requested" in await actions_of(people, enrolled.joined.id)
    (line,) = (await people.owner.get(f"/audit?subject={opened.body['id']}")).body["items"]
    assert line["detail"]["second_factor"] == "totp"


async def test_what_waits_for_a_code_is_no_session(people: People) -> None:
    enrolled = await enrol(people, await people.join("owner"))
    token = await password_step(people, enrolled)
    waiting = people.owner.with_token(token)
    for path in ("/me", "/sessions", "/companies", "/me/second-factor"):
        assert (await waiting.get(path)).status == 401
    session = enrolled.joined.admin.token or ""
    for other in (session, opaque.mint(opaque.PENDING_SIGN_IN), "pgsi_x", ""):
        assert (await finish(people, other, enrolled.authenticator.code())).status == 404


async def test_a_code_works_once_also_of_two_sign_ins_at_once(people: People) -> None:
    enrolled = await enrol(people, await people.join())
    tokens = [await password_step(people, enrolled) for _ in range(3)]
    code = enrolled.authenticator.next_code()
    responses = await asyncio.gather(*(finish(people, token, code) for token in tokens))
    assert sorted(response.status for response in responses) == [201, 401, 401]
    later = await password_step(people, enrolled)
    assert (await finish(people, later, code)).status == 401
    assert (await finish(people, later, enrolled.authenticator.code(-1))).status == 401, "an earlier one"
    assert (await finish(people, later, enrolled.authenticator.next_code())).status == 201


async def test_the_code_that_turned_it_on_signs_nobody_in(people: People) -> None:
    enrolled = await enrol(people, await people.join())
    token = await password_step(people, enrolled)
    assert (await finish(people, token, enrolled.authenticator.code())).status == 401


async def test_a_clock_half_a_minute_off_is_fine_and_a_minute_is_not(people: People) -> None:
    enrolled = await enrol(people, await people.join())
    people.clock.advance(300)
    token = await password_step(people, enrolled)
    for steps, status in ((-2, 401), (2, 401), (-1, 201)):
        assert (await finish(people, token, enrolled.authenticator.code(steps))).status == status
    token = await password_step(people, enrolled)
    assert (await finish(people, token, enrolled.authenticator.code(1))).status == 201


async def test_one_pending_token_opens_one_session_also_with_two_valid_codes_at_once(people: People) -> None:
    enrolled = await enrol(people, await people.join())
    token = await password_step(people, enrolled)
    codes = [enrolled.authenticator.next_code(), *enrolled.recovery_codes[:2]]
    responses = await asyncio.gather(*(finish(people, token, code) for code in codes))
    assert sorted(response.status for response in responses) == [201, 404, 404]


async def test_a_recovery_code_works_once_however_it_is_typed(people: People) -> None:
    enrolled = await enrol(people, await people.join())
    assert len(set(enrolled.recovery_codes)) == 10
    first, second, *_ = enrolled.recovery_codes
    token = await password_step(people, enrolled)
    assert (await finish(people, token, f" {first.upper().replace('-', ' ')} ")).status == 201
    for _ in range(2):
        token = await password_step(people, enrolled)
        assert (await finish(people, token, first)).status == 401
    assert (await finish(people, token, second)).status == 201
    assert "person.recovery_code_used" in await actions_of(people, enrolled.joined.id)
    other = await enrol(people, await people.join())
    token = await password_step(people, enrolled)
    assert (await finish(people, token, other.recovery_codes[0])).status == 401, "somebody else's"
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)


async def test_it_is_over_after_five_minutes_and_a_wrong_code_does_not_end_it_before(people: People) -> None:
    enrolled = await enrol(people, await people.join())
    token = await password_step(people, enrolled)
    people.clock.advance(PENDING_LIFE_S)
    assert (await finish(people, token, enrolled.authenticator.code())).status == 404
    token = await password_step(people, enrolled)
    people.clock.advance(PENDING_LIFE_S - 1)
    assert (await finish(people, token, enrolled.authenticator.wrong_code())).status == 401
    assert (await finish(people, token, enrolled.authenticator.code())).status == 201


async def test_right_passwords_between_them_do_not_forget_wrong_codes(people: People) -> None:
    enrolled = await enrol(people, await people.join())
    for _ in range(throttle.FREE_BY_SUBJECT):
        token = await password_step(people, enrolled)
        assert (await finish(people, token, enrolled.authenticator.wrong_code())).status == 401
    assert (await people.sign_in(enrolled.joined.email)).status == 429
    refused = await finish(people, token, enrolled.authenticator.code())
    assert (refused.status, int(refused.headers["Retry-After"])) == (429, throttle.FIRST_WAIT_S)
    people.clock.advance(throttle.FIRST_WAIT_S)
    assert (await finish(people, token, enrolled.authenticator.code())).status == 201
    assert (await people.sign_in(enrolled.joined.email)).status == 202, "a whole sign-in forgets them"


async def test_many_wrong_codes_at_once_are_no_way_around_the_throttle(people: People) -> None:
    enrolled = await enrol(people, await people.join())
    token = await password_step(people, enrolled)
    wrong = enrolled.authenticator.wrong_code()
    statuses = [r.status for r in await asyncio.gather(*(finish(people, token, wrong) for _ in range(12)))]
    assert statuses.count(401) <= throttle.FREE_BY_SUBJECT
    assert set(statuses) <= {401, 404, 429}
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)


async def test_who_was_stopped_meanwhile_or_has_another_password_finishes_nothing(people: People) -> None:
    company = await people.owner.company()
    changes: tuple[Callable[[Enrolled], Awaitable[Responded]], ...] = (
        lambda enrolled: people.owner.post(f"/people/{enrolled.joined.id}/suspend"),
        lambda enrolled: people.owner.post(f"/companies/{company['id']}/suspend"),
        lambda enrolled: people.owner.post(f"/people/{enrolled.joined.id}/reset-second-factor"),
        lambda enrolled: enrolled.joined.admin.post("/me/password", enrolled.confirmation() | {"new": NEW}),
    )
    for number, change in enumerate(changes):
        of = {"company_id": company["id"]} if number == 1 else {}
        enrolled = await enrol(people, await people.join("viewer", **of))
        token = await password_step(people, enrolled)
        assert (await change(enrolled)).status in (200, 204)
        assert (await finish(people, token, enrolled.authenticator.next_code())).status == 404


async def test_who_knows_the_password_pushes_out_no_sign_in_of_the_person_and_fills_no_table(
    people: People,
) -> None:
    enrolled = await enrol(people, await people.join())
    mine = await password_step(people, enrolled)
    rows = await rows_of(people)
    for _ in range(30):
        await password_step(people, enrolled)
    assert await rows_of(people) == rows
    assert (await finish(people, mine, enrolled.authenticator.next_code())).status == 201


async def rows_of(people: People) -> dict[str, int]:
    """Of each table, but for the audit trail, and usage, which is written a while after it."""
    async with people.registry.database.connection() as connection:
        names = await connection.fetch(
            "SELECT relname FROM pg_stat_user_tables "
            "WHERE schemaname = 'key_registry' AND relname NOT LIKE 'audit%' "
            "AND relname NOT LIKE 'usage%' AND relname <> 'credential_use'"
        )
        return {name: await connection.fetchval(f'SELECT count(*) FROM "{name}"') for (name,) in names}


async def test_what_waits_ends_when_the_person_has_changed(people: People) -> None:
    enrolled = await enrol(people, await people.join())
    token = await password_step(people, enrolled)
    people.clock.advance(1)
    for act in ("suspend", "resume"):
        assert (await people.owner.post(f"/people/{enrolled.joined.id}/{act}")).status == 200
    assert (await finish(people, token, enrolled.authenticator.next_code())).status == 404
    token = await password_step(people, enrolled)
    assert (await finish(people, token, enrolled.authenticator.next_code())).status == 201


async def test_one_of_another_registry_or_of_another_person_opens_nothing(people: People) -> None:
    enrolled, other = await enrol(people, await people.join()), await enrol(people, await people.join())
    token = await password_step(people, enrolled)
    assert (await finish(people, token, other.authenticator.next_code())).status == 401
    person = (await people.owner.get(f"/people/{enrolled.joined.id}")).body["id"]
    assert UUID(person).hex not in token, "what is in it is encrypted"
    changed = token[:-1] + ("0" if token[-1] != "0" else "1")
    for forged in (changed, token[:-2], token + "00", token.upper(), f"{token} ", token.replace("pgsi", "pgps")):
        assert (await finish(people, forged, enrolled.authenticator.next_code())).status == 404
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)


async def test_a_wrong_password_looks_the_same_with_and_without_a_second_factor(people: People) -> None:
    enrolled, plain = await enrol(people, await people.join()), await people.join()
    responses = [await people.sign_in(each.email, "a wrong password") for each in (enrolled.joined, plain)]
    assert [response.status for response in responses] == [401, 401]
    assert responses[0].body["detail"] == responses[1].body["detail"]
