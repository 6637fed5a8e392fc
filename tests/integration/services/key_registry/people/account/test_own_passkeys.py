"""Passkeys that people add to their account and take away, over HTTP."""

import asyncio

from services.key_registry.people import throttle
from services.key_registry.people.account.own_passkeys import MAX_PASSKEYS
from services.key_registry.people.passkeys.challenges import CHALLENGE_LIFE_S
from tests.integration.services.key_registry.people.factors.enrolment import enrol
from tests.integration.services.key_registry.people.joining import CONSOLE_URL, PASSWORD, People
from tests.integration.services.key_registry.people.passkeys.registering import (
    OWN,
    add,
    creation_options,
    present,
    registered,
    remove,
    request_options,
)
from tests.support.software_authenticator import SoftwareAuthenticator


async def test_one_is_added_listed_and_removed_each_with_its_line(people: People) -> None:
    joined = await people.join()
    authenticator = await registered(joined, "Phone")
    listed = (await joined.admin.get(OWN)).body
    (passkey,) = listed["items"]
    assert (listed["origin"], passkey["name"], passkey["last_used_at"]) == (CONSOLE_URL, "Phone", None)
    assert passkey.keys() == {"id", "name", "created_at", "last_used_at"}
    other = await people.join()
    assert (await remove(other, passkey["id"])).status == 404
    assert (await remove(joined, passkey["id"])).status == 204
    assert (await remove(joined, passkey["id"])).status == 404
    assert (await present(people, authenticator.get(await request_options(people)))).status == 401
    lines = (await people.owner.get(f"/audit?subject={joined.id}")).body["items"]
    details = {line["action"]: line["detail"] for line in lines}
    by_id_alone = {"passkey": passkey["id"]}
    assert details["person.passkey_added"] == details["person.passkey_removed"] == by_id_alone, "never erased"


async def test_an_id_longer_than_the_standard_allows_is_refused(people: People) -> None:
    joined = await people.join()
    for length, status in ((0, 422), (1023, 201), (1024, 422), (4000, 422)):
        authenticator = SoftwareAuthenticator(CONSOLE_URL, credential_id=b"x" * length)
        assert (await add(joined, authenticator.create(await creation_options(joined)))).status == status


async def test_a_new_one_needs_the_password_and_the_code_where_a_second_factor_is_on(people: People) -> None:
    joined = await people.join()
    assert (await joined.admin.post(f"{OWN}/options", {"password": "not the password"})).status == 422
    enrolled = await enrol(people, joined)
    assert (await joined.admin.post(f"{OWN}/options", {"password": PASSWORD})).status == 422
    await registered(joined, code=enrolled.authenticator.next_code())
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)


async def test_removing_one_needs_them_too_and_guessing_is_stopped(people: People) -> None:
    joined = await people.join()
    authenticator = await registered(joined)
    (passkey,) = (await joined.admin.get(OWN)).body["items"]
    assert (await joined.admin.delete(f"{OWN}/{passkey['id']}")).status == 404, "not without"
    wrong = await remove(joined, passkey["id"], password="not the password")
    assert (wrong.status, wrong.fields) == (422, {"password"})
    enrolled = await enrol(people, joined)
    wrong = await remove(joined, passkey["id"], code=enrolled.authenticator.wrong_code())
    assert (wrong.status, wrong.fields) == (422, {"code"})
    assert (await present(people, authenticator.get(await request_options(people)))).status == 201, "it is there"
    assert (await remove(joined, passkey["id"], code=enrolled.authenticator.next_code())).status == 204
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)
    await registered(joined, code=enrolled.authenticator.next_code())
    (passkey,) = (await joined.admin.get(OWN)).body["items"]
    attempts = [await remove(joined, passkey["id"], password="x") for _ in range(throttle.FREE_BY_SUBJECT + 1)]
    assert [r.status for r in attempts] == [422] * throttle.FREE_BY_SUBJECT + [429]
    people.clock.advance(2 * throttle.FAILURES_WINDOW_S)


async def test_options_are_for_one_response_of_this_person_in_this_session_within_minutes(people: People) -> None:
    joined, other = await people.join(), await people.join()
    authenticator = SoftwareAuthenticator(CONSOLE_URL)
    credential = authenticator.create(await creation_options(joined))
    assert (await add(other, credential)).status == 422
    elsewhere = await people.again(joined)
    assert (await elsewhere.post(OWN, {"name": "x", "credential": credential})).status == 422
    statuses = [response.status for response in await asyncio.gather(*(add(joined, credential) for _ in range(3)))]
    assert sorted(statuses) == [201, 422, 422]
    late = SoftwareAuthenticator(CONSOLE_URL).create(await creation_options(joined))
    people.clock.advance(CHALLENGE_LIFE_S)
    assert (await add(joined, late)).status == 422
    of_sign_in = {**await creation_options(joined), "challenge": (await request_options(people))["challenge"]}
    assert (await add(joined, SoftwareAuthenticator(CONSOLE_URL).create(of_sign_in))).status == 422


async def test_what_is_of_another_page_or_has_not_verified_its_user_is_refused(people: People) -> None:
    joined = await people.join()
    for authenticator in (
        SoftwareAuthenticator("https://evil.example"),
        SoftwareAuthenticator("http://localhost:9999"),
        SoftwareAuthenticator(CONSOLE_URL, verifies_user=False),
    ):
        assert (await add(joined, authenticator.create(await creation_options(joined)))).status == 422
    options = await creation_options(joined)
    elsewhere = {**options, "rp": {**options["rp"], "id": "evil.example"}}
    assert (await add(joined, SoftwareAuthenticator(CONSOLE_URL).create(elsewhere))).status == 422
    assert (await joined.admin.get(OWN)).body["items"] == []


async def test_the_credential_of_somebody_else_is_not_taken_over(people: People) -> None:
    joined, other = await people.join(), await people.join()
    authenticator = await registered(joined)
    copied = authenticator.copy()
    assert (await add(other, copied.create(await creation_options(other)))).status == 409
    authenticator.user_handle = copied.user_handle
    assert (await present(people, authenticator.get(await request_options(people)))).status == 401


async def test_there_are_so_many_and_no_more(people: People) -> None:
    joined = await people.join()
    for number in range(MAX_PASSKEYS):
        await registered(joined, f"Key {number}")
    refused = await joined.admin.post(f"{OWN}/options", {"password": PASSWORD})
    assert refused.status == 409
    listed = (await joined.admin.get(OWN)).body["items"]
    assert [item["name"] for item in listed[:2]] == [f"Key {MAX_PASSKEYS - 1}", f"Key {MAX_PASSKEYS - 2}"]


async def test_whoever_has_no_account_has_no_passkeys(people: People) -> None:
    company = await people.owner.company()
    link = await people.owner.create(f"/companies/{company['id']}/portal-sessions", name="jo", role="owner")
    opened = await people.stranger.post("/portal-sessions/open", {"token": link["token"]})
    for caller in (people.owner, people.owner.with_token(opened.body["token"])):
        assert (await caller.get(OWN)).status == 403
        assert (await caller.post(f"{OWN}/options", {"password": PASSWORD})).status == 403
        assert (await caller.post(OWN, {"name": "x", "credential": {}})).status == 403


async def test_an_owner_who_resets_the_second_factor_removes_them(people: People) -> None:
    joined = await people.join()
    authenticator = await registered(joined)
    assert (await people.owner.post(f"/people/{joined.id}/reset-second-factor")).status == 200
    assert (await joined.admin.get("/me")).status == 401
    assert (await present(people, authenticator.get(await request_options(people)))).status == 401
    assert (await people.sign_in(joined.email)).status == 201
