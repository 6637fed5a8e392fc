"""Following the link of a password reset, over HTTP: it sets a password once, and opens nothing."""

import asyncio

import pytest

from services.key_registry.people.password_resets.schemas import DEFAULT_RESET_LIFE_S
from services.key_registry.storage.postgres.people.pruning import UNFINISHED_KEPT_S, prune_people
from shared import opaque
from tests.integration.services.key_registry.people.factors.enrolment import enrol, finish, password_step
from tests.integration.services.key_registry.people.joining import CONSOLE_URL, PASSWORD, People
from tests.integration.services.key_registry.people.passkeys.registering import present, registered, request_options
from tests.integration.services.key_registry.people.password_resets.resetting import NEW, follow, inspect, made


async def test_the_link_sets_another_password_once_ends_all_sessions_and_signs_nobody_in(people: People) -> None:
    joined = await people.join("editor")
    elsewhere = await people.again(joined)
    link = await made(people.owner, joined)
    assert opaque.well_formed(opaque.PASSWORD_RESET, link["token"])
    assert (link["person_id"], link["email"]) == (joined.id, joined.email)
    assert link["url"] == f"{CONSOLE_URL}{link['path']}" == f"{CONSOLE_URL}/password-resets/{link['token']}"
    for _ in range(2):
        shown = await inspect(people, link["token"])
        assert (shown.status, shown.body) == (200, {"email": joined.email, "expires_at": link["expires_at"]})
    assert (await joined.admin.get("/me")).status == 200, "a link that is out ends nothing"
    followed = await follow(people, link["token"])
    assert (followed.status, followed.raw, "Set-Cookie" in followed.headers) == (204, b"", False)
    assert [(await admin.get("/me")).status for admin in (joined.admin, elsewhere)] == [401, 401]
    assert (await people.sign_in(joined.email, PASSWORD)).status == 401
    assert (await people.sign_in(joined.email, NEW)).status == 201
    assert (await follow(people, link["token"], PASSWORD)).status == 404
    lines = (await people.owner.get(f"/audit?subject={joined.id}&limit=50")).body["items"]
    by = {line["action"]: line for line in lines}
    made_line, used_line = by["person.password_reset_created"], by["person.password_reset"]
    assert made_line["actor"].startswith("admin:")
    assert (used_line["actor"], used_line["detail"]["sessions_ended"]) == (f"person:{joined.id}", 2)
    assert made_line["detail"]["reset"] == used_line["detail"]["reset"] == link["id"]
    assert joined.email not in str([made_line["detail"], used_line["detail"]])


async def test_a_second_factor_is_asked_for_after_it_as_before(people: People) -> None:
    enrolled = await enrol(people, await people.join())
    waiting = await password_step(people, enrolled)
    link = await made(people.owner, enrolled.joined)
    assert (await follow(people, link["token"])).status == 204
    assert (await finish(people, waiting, enrolled.authenticator.next_code())).status == 404, "nor one that waited"
    begun = await people.sign_in(enrolled.joined.email, NEW)
    assert begun.status == 202
    token = begun.body["pending_token"]
    assert (await finish(people, token, enrolled.authenticator.wrong_code())).status == 401
    assert (await finish(people, token, enrolled.recovery_codes[0])).status == 201


async def test_passkeys_stay_as_they_are(people: People) -> None:
    joined = await people.join()
    authenticator = await registered(joined)
    assert (await follow(people, (await made(people.owner, joined))["token"])).status == 204
    assert (await present(people, authenticator.get(await request_options(people)))).status == 201


async def test_of_several_who_follow_it_at_once_one_sets_the_password(people: People) -> None:
    joined = await people.join()
    token = (await made(people.owner, joined))["token"]
    passwords = [f"{NEW} {number}" for number in range(3)]
    statuses = [r.status for r in await asyncio.gather(*(follow(people, token, each) for each in passwords))]
    assert sorted(statuses) == [204, 404, 404]
    assert (await people.sign_in(joined.email, passwords[statuses.index(204)])).status == 201


async def test_what_is_used_replaced_withdrawn_expired_or_unknown_looks_alike(people: People) -> None:
    used, replaced, withdrawn, old = [await people.join() for _ in range(4)]
    tokens = [(await made(people.owner, joined))["token"] for joined in (used, replaced, withdrawn)]
    assert (await follow(people, tokens[0])).status == 204
    newest = (await made(people.owner, replaced))["token"]
    for _ in range(2):
        assert (await people.owner.delete(f"/people/{withdrawn.email}/password-reset")).status == 204
    tokens.append((await made(people.owner, old, expires_in=60))["token"])
    people.clock.advance(60)
    texts = set()
    for token in (*tokens, opaque.mint(opaque.PASSWORD_RESET), opaque.mint(opaque.INVITATION), "junk", ""):
        for response in (await inspect(people, token), await follow(people, token)):
            assert (response.status, response.body["code"]) == (404, "password_reset_invalid")
            texts.add(response.body["detail"])
    assert len(texts) == 1
    assert (await follow(people, newest)).status == 204
    assert (await people.sign_in(withdrawn.email, PASSWORD)).status == 201


@pytest.mark.parametrize("password", ["a" * 11, "a" * 1025, "{email}"])
async def test_a_password_that_is_none_uses_nothing_up(people: People, password: str) -> None:
    joined = await people.join()
    token = (await made(people.owner, joined))["token"]
    refused = await follow(people, token, password.replace("{email}", joined.email.upper()))
    assert (refused.status, refused.fields) == (422, {"password"})
    assert (await joined.admin.get("/me")).status == 200
    assert (await follow(people, token)).status == 204


async def test_it_works_for_hours_and_is_deleted_an_hour_later(people: People) -> None:
    joined = await people.join()
    token = (await made(people.owner, joined))["token"]
    people.clock.advance(DEFAULT_RESET_LIFE_S - 1)
    assert (await inspect(people, token)).status == 200
    assert (await people.owner.get(f"/people/{joined.id}")).body["password_reset_until"] is not None
    people.clock.advance(1)
    assert (await follow(people, token)).status == 404
    assert (await people.owner.get(f"/people/{joined.id}")).body["password_reset_until"] is None
    people.clock.advance(UNFINISHED_KEPT_S + 1)
    await prune_people(people.registry.database, people.clock.now())
    async with people.registry.database.connection() as connection:
        statement = "SELECT count(*) FROM password_reset WHERE person_id = $1::uuid"
        assert await connection.fetchval(statement, joined.id) == 0


async def test_of_the_link_and_the_password_there_are_digests_at_rest(people: People) -> None:
    joined = await people.join()
    token = (await made(people.owner, joined))["token"]
    assert (await follow(people, (await made(people.owner, await people.join()))["token"])).status == 204
    async with people.registry.database.connection() as connection:
        names = await connection.fetch(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'key_registry'"
        )
        rows = [await connection.fetch(f'SELECT t::text FROM "{record[0]}" t') for record in names]
    content = "\n".join(record[0] for table in rows for record in table)
    assert opaque.digest(token).hex() in content
    for secret in (token, NEW):
        assert secret not in content
        assert secret.encode().hex() not in content
