"""Signing in with a passkey, over HTTP: whom it lets in, and what it is proof against."""

import asyncio
from typing import Any

from services.key_registry.people.passkeys.challenges import CHALLENGE_LIFE_S
from services.key_registry.storage.postgres.people.pruning import UNFINISHED_KEPT_S, prune_people
from tests.integration.services.key_registry.people.factors.enrolment import enrol
from tests.integration.services.key_registry.people.joining import People
from tests.integration.services.key_registry.people.passkeys.registering import (
    OWN,
    creation_options,
    present,
    registered,
    request_options,
)
from tests.support.software_authenticator import SoftwareAuthenticator
from tests.support.waiting import until


async def test_it_opens_a_session_without_password_and_code_and_is_in_the_trail(people: People) -> None:
    joined = await people.join("editor")
    enrolled = await enrol(people, joined)
    authenticator = await registered(joined, code=enrolled.authenticator.next_code())
    opened = await present(people, authenticator.get(await request_options(people)))
    assert opened.status == 201, opened.raw
    admin = people.owner.with_token(opened.body["token"])
    me = (await admin.get("/me")).body
    assert (me["name"], me["role"]) == (joined.email, "editor")
    (line,) = (await people.owner.get(f"/audit?subject={opened.body['id']}")).body["items"]
    assert line["detail"]["second_factor"] == "passkey"
    (passkey,) = (await admin.get(OWN)).body["items"]
    assert passkey["last_used_at"] is not None


async def test_a_response_opens_one_session_and_no_other_challenge_does(people: People) -> None:
    joined = await people.join()
    authenticator = await registered(joined)
    credential = authenticator.get(await request_options(people))
    responses = await asyncio.gather(*(present(people, credential) for _ in range(4)))
    assert sorted(response.status for response in responses) == [201, 401, 401, 401]
    silent = await registered(await people.join(), "does not count")
    silent.counts = False
    again = silent.get(await request_options(people))
    assert [(await present(people, again)).status for _ in range(2)] == [201, 401], "without a count too"
    late = authenticator.get(await request_options(people))
    people.clock.advance(CHALLENGE_LIFE_S)
    assert (await present(people, late)).status == 401
    for challenge in ((await creation_options(joined))["challenge"], "AAAA", ""):
        assert (await present(people, authenticator.get({"challenge": challenge}))).status == 401


async def test_a_copy_is_noticed_by_its_count(people: People) -> None:
    joined = await people.join()
    authenticator = await registered(joined)
    copy = authenticator.copy()
    assert (await present(people, authenticator.get(await request_options(people)))).status == 201
    assert (await present(people, copy.get(await request_options(people)))).status == 401

    async def noted() -> bool:
        (line, *_) = (await people.owner.get(f"/audit?subject={joined.id}")).body["items"]
        return (line["action"], line["detail"].get("cause")) == ("person.sign_in_refused", "wrong_passkey")

    await until(noted)  # refusals are written a moment later
    assert (await present(people, authenticator.get(await request_options(people)))).status == 201


async def test_whoever_is_stopped_is_so_with_a_passkey_too(people: People) -> None:
    company = await people.owner.company()
    person, of_company = await people.join(), await people.join(company_id=company["id"])
    for joined, path in ((person, f"/people/{person.id}"), (of_company, f"/companies/{company['id']}")):
        authenticator = await registered(joined)
        assert (await people.owner.post(f"{path}/suspend")).status == 200
        assert (await present(people, authenticator.get(await request_options(people)))).status == 401
        assert (await people.owner.post(f"{path}/resume")).status == 200
        assert (await present(people, authenticator.get(await request_options(people)))).status == 201


async def test_everything_that_is_wrong_is_refused_alike_and_writes_nothing(people: People) -> None:
    joined, other = await people.join(), await people.join()
    mine, others = await registered(joined), await registered(other)

    async def credential(authenticator: SoftwareAuthenticator) -> dict[str, Any]:
        return authenticator.get(await request_options(people))

    def changed(given: dict[str, Any], **members: Any) -> dict[str, Any]:
        return {**given, "response": {**given["response"], **members}}

    evil, unverified, unknown, forged = mine.copy(), mine.copy(), mine.copy(), mine.copy()
    evil.origin = "https://evil.example"
    unverified.verifies_user = False
    unknown.credential_id = b"nobody's"
    forged.key = others.key
    elsewhere = mine.copy()
    elsewhere.rp_id = "evil.example"
    tried = [await credential(each) for each in (evil, unverified, unknown, forged, elsewhere)]
    whole = await credential(mine)
    tried += [
        changed(whole, userHandle=(await credential(others))["response"]["userHandle"]),
        changed(whole, userHandle=None),
        changed(whole, signature="AAAA"),
        changed(whole, signature=7),
        changed(whole, authenticatorData=""),
        changed(whole, clientDataJSON="bnVsbA"),
        changed(whole, clientDataJSON="%%%"),
        {**whole, "id": "another"},
        {**whole, "rawId": 7},
        {**whole, "response": []},
        {},
    ]
    responses = [await present(people, each) for each in tried]
    assert [response.status for response in responses] == [401] * len(tried)
    assert len({response.body["detail"] for response in responses}) == 1
    assert (await present(people, whole)).status == 201, "none of them has used it up"


async def test_strangers_who_begin_write_nothing_and_what_was_used_is_deleted_in_the_end(people: People) -> None:
    authenticator = await registered(await people.join())

    async def kept() -> object:
        async with people.registry.database.connection() as connection:
            return await connection.fetchval("SELECT count(*) FROM used_challenge")

    before = await kept()
    options = [await request_options(people) for _ in range(5)]
    assert len({each["challenge"] for each in options}) == 5
    assert await kept() == before
    assert (await present(people, authenticator.get(options[0]))).status == 201
    people.clock.advance(CHALLENGE_LIFE_S + UNFINISHED_KEPT_S + 1)
    await prune_people(people.registry.database, people.clock.now())
    assert await kept() == 0
