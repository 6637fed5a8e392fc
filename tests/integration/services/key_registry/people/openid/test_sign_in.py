"""Signing in by an OpenID provider, over HTTP: whom it lets in, and what it is proof against."""

import asyncio
from typing import Any

import asyncpg
import pytest
from joserfc.jwk import OctKey, RSAKey

from services.key_registry.people import throttle
from services.key_registry.people.openid.provider import FETCH_INTERVAL_S, METADATA_AGE_S
from services.key_registry.people.openid.states import STATE_LIFE_S
from tests.integration.services.key_registry.people.factors.enrolment import enrol, finish
from tests.integration.services.key_registry.people.joining import Joined, People
from tests.integration.services.key_registry.people.openid.returning import OpenIdPeople
from tests.integration.services.key_registry.people.passkeys.registering import present, registered, request_options
from tests.integration.services.key_registry.people.password_resets.resetting import follow, made, path_of
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET


async def of_company(people: People, role: str = "viewer") -> Joined:
    return await people.join(role, company_id=(await people.owner.company())["id"])


@pytest.fixture(autouse=True)
def no_failures(openid: OpenIdPeople) -> None:
    openid.people.clock.advance(2 * throttle.FAILURES_WINDOW_S)


async def test_who_has_an_account_with_the_verified_address_is_signed_in_and_linked(openid: OpenIdPeople) -> None:
    people, joined = openid.people, await of_company(openid.people, "editor")
    for _ in range(2):
        opened = await openid.sign_in(joined.email.upper(), subject="one")
        assert opened.status == 201, opened.raw
    me = (await people.owner.with_token(opened.body["token"]).get("/me")).body
    assert (me["name"], me["role"]) == (joined.email, "editor")
    (line,) = (await people.owner.get(f"/audit?subject={opened.body['id']}")).body["items"]
    assert line["detail"]["second_factor"] == "openid"
    actions = [line["action"] for line in (await people.owner.get(f"/audit?subject={joined.id}")).body["items"]]
    assert actions.count("person.openid_linked") == 1
    assert (await people.sign_in(joined.email)).status == 201, "a company's people may use the password too"


async def test_who_is_invited_creates_the_account_so_and_where_it_is_required_in_no_other_way(
    openid: OpenIdPeople,
) -> None:
    people, email = openid.people, openid.people.email()
    token = (await people.invite("owner", email=email))["token"]
    assert (await people.accept(token, email)).status == 409
    other = await openid.sign_in(people.email(), invitation=token)
    assert other.status == 401, "the address is not the one that was invited"
    opened = await openid.sign_in(email, invitation=token)
    assert opened.status == 201, opened.raw
    admin = people.owner.with_token(opened.body["token"])
    assert (await admin.get("/me")).body["role"] == "owner"
    assert (await people.stranger.post("/sessions/openid", {"invitation": token})).status == 404
    assert (await openid.sign_in(email)).status == 201
    assert (await people.sign_in(email)).status == 401, "there is no password"


async def test_where_it_is_required_passwords_and_passkeys_open_nothing(openid: OpenIdPeople) -> None:
    people, joined = openid.people, await of_company(openid.people)
    authenticator = await registered(joined)
    async with people.registry.database.connection() as connection:
        await connection.execute("UPDATE person SET company_id = NULL WHERE id = $1", joined.id)
    refused = await people.sign_in(joined.email)
    wrong = await people.sign_in(joined.email, "a wrong password")
    assert (refused.status, refused.body["detail"]) == (401, wrong.body["detail"])
    assert (await present(people, authenticator.get(await request_options(people)))).status == 401
    assert (await openid.sign_in(joined.email)).status == 201
    methods = await people.stranger.get("/sessions/methods")
    assert methods.body == {"openid_name": "Example", "openid_required_for": "operator"}


async def test_there_is_no_link_for_a_password_where_the_provider_alone_signs_in(openid: OpenIdPeople) -> None:
    people, joined = openid.people, await of_company(openid.people)
    token = (await made(people.owner, joined))["token"]
    async with people.registry.database.connection() as connection:
        await connection.execute("UPDATE person SET company_id = NULL WHERE id = $1", joined.id)
    refused = await people.owner.post(path_of(joined), {})
    assert (refused.status, "OpenID provider alone" in refused.body["detail"]) == (409, True)
    assert (await follow(people, token)).status == 404


async def test_who_has_no_account_or_no_verified_address_is_refused_alike(openid: OpenIdPeople) -> None:
    people, joined, stopped = openid.people, await of_company(openid.people), await of_company(openid.people)
    assert (await people.owner.post(f"/people/{stopped.id}/suspend")).status == 200
    responses = [await openid.sign_in(people.email()), await openid.sign_in(stopped.email)]
    for email_verified in (False, None, "true", 1):
        openid.provider.email_verified = email_verified
        people.clock.advance(throttle.FAILURES_WINDOW_S)
        responses.append(await openid.sign_in(joined.email))
    openid.provider.email_verified = True
    for email in (None, "", "jo", f"{joined.email}\n", [joined.email]):
        openid.provider.email = email
        people.clock.advance(throttle.FAILURES_WINDOW_S)
        responses.append(await openid.finish(await openid.begin()))
    assert [response.status for response in responses] == [401] * len(responses)
    assert len({response.body["detail"] for response in responses}) == 1


async def test_somebody_else_who_gets_the_address_later_is_refused_until_an_owner_resets_it(
    openid: OpenIdPeople,
) -> None:
    people, joined = openid.people, await of_company(openid.people)
    assert (await openid.sign_in(joined.email, subject="first-of-it")).status == 201
    assert (await openid.sign_in(joined.email, subject="second-of-it")).status == 401
    assert (await openid.sign_in(joined.email, subject="first-of-it")).status == 201
    assert (await people.owner.post(f"/people/{joined.id}/reset-second-factor")).status == 200
    assert (await openid.sign_in(joined.email, subject="second-of-it")).status == 201


async def test_one_subject_is_never_bound_to_two_people(openid: OpenIdPeople) -> None:
    people, first, second = openid.people, await of_company(openid.people), await of_company(openid.people)
    assert (await openid.sign_in(first.email, subject="shared")).status == 201
    email = people.email()
    invitation = (await people.invite(email=email))["token"]
    for other, token in ((second.email, ""), (email, invitation)):
        taken = await openid.sign_in(other, invitation=token, subject="shared")
        assert (taken.status, taken.body["code"]) == (409, "openid_subject_taken")
        assert "reset that person's second factor" in taken.body["detail"]
    assert (await openid.sign_in(second.email, subject="its-own")).status == 201
    assert (await openid.sign_in(email, invitation=invitation, subject="new")).status == 201, "nothing was used up"
    assert (await openid.sign_in(first.email, subject="shared")).status == 201
    async with people.registry.database.connection() as connection:
        with pytest.raises(asyncpg.UniqueViolationError):
            statement = "UPDATE person_identity SET subject = 'shared' WHERE subject = 'its-own'"
            await connection.execute(statement)


async def test_the_subject_of_who_was_revoked_signs_in_who_is_invited_again(openid: OpenIdPeople) -> None:
    people, gone = openid.people, await of_company(openid.people)
    assert (await openid.sign_in(gone.email, subject="back")).status == 201
    assert (await people.owner.post(f"/people/{gone.id}/revoke")).status == 200
    invitation = (await people.invite(email=gone.email))["token"]
    again = await openid.sign_in(gone.email, invitation=invitation, subject="back")
    assert again.status == 201, again.raw
    assert again.body["person"]["id"] != gone.id


async def test_a_second_factor_is_needed_after_the_provider_too(openid: OpenIdPeople) -> None:
    people, joined = openid.people, await of_company(openid.people)
    enrolled = await enrol(people, joined)
    begun = await openid.sign_in(joined.email)
    assert begun.status == 202
    assert (await finish(people, begun.body["pending_token"], enrolled.authenticator.next_code())).status == 201


async def test_a_return_is_for_the_browser_that_began_once_and_in_time(openid: OpenIdPeople) -> None:
    joined = await of_company(openid.people)
    openid.provider.email = joined.email
    mine, others = await openid.begin(), await openid.begin()
    requests = openid.provider.token_requests
    for changed in (
        {"token": others["token"]},
        {"state": others["state"]},
        {"state": ""},
        {"token": ""},
        {"token": "AAAA"},
        {"issuer": "https://evil.example"},
        {"issuer": ""},
    ):
        assert (await openid.finish({**mine, **changed})).status == 401, changed
    assert openid.provider.token_requests == requests, "nothing was sent to the provider for any of them"
    assert (await openid.finish({**mine, "code": others["code"]})).status == 401, (
        "PKCE: the code of another browser"
    )
    responses = await asyncio.gather(*(openid.finish(mine) for _ in range(3)))
    assert sorted(response.status for response in responses) == [201, 401, 401]
    late = await openid.begin()
    openid.people.clock.advance(STATE_LIFE_S)
    assert (await openid.finish(late)).status == 401


@pytest.mark.filterwarnings("ignore:JWS algorithm")
async def test_an_id_token_that_is_not_the_providers_for_us_now_is_refused(openid: OpenIdPeople) -> None:
    provider, joined = openid.provider, await of_company(openid.people)
    changes: list[dict[str, Any]] = [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": [CLIENT_ID, "another"]},
        {"azp": "another"},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"exp": int(openid.people.clock.now()) - 60},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": ""},
        {"sub": 7},
        {"iat": "now"},
    ]
    for changed in changes:
        provider.change = lambda claims, changed=changed: claims.update(changed)  # type: ignore[misc]
        assert (await openid.sign_in(joined.email)).status == 401, changed
        openid.people.clock.advance(throttle.FAILURES_WINDOW_S)
    for missing in ("sub", "aud", "exp", "iat", "nonce", "iss"):
        provider.change = lambda claims, missing=missing: claims.pop(missing)  # type: ignore[misc]
        assert (await openid.sign_in(joined.email)).status == 401, missing
        openid.people.clock.advance(throttle.FAILURES_WINDOW_S)
    provider.change = lambda claims: None
    forged = RSAKey.generate_key(2048, {"kid": str(provider.key.kid)})
    symmetric = OctKey.import_key(CLIENT_SECRET.ljust(32, "x"))
    for header, key in (
        ({}, forged),
        ({"kid": "unknown"}, forged),
        ({"alg": "HS256"}, symmetric),
        ({"alg": "none"}, symmetric),
        ({"typ": "at+jwt"}, provider.key),
    ):
        provider.header, provider.signing_key = header, key
        openid.people.clock.advance(throttle.FAILURES_WINDOW_S)
        assert (await openid.sign_in(joined.email)).status == 401, header
    provider.header, provider.signing_key = {}, None
    openid.people.clock.advance(throttle.FAILURES_WINDOW_S)
    assert (await openid.sign_in(joined.email)).status == 201


async def test_a_new_key_of_the_provider_is_fetched_when_it_is_needed(openid: OpenIdPeople) -> None:
    joined = await of_company(openid.people)
    assert (await openid.sign_in(joined.email)).status == 201
    openid.provider.key = RSAKey.generate_key(2048, {"kid": "key-2"})
    openid.people.clock.advance(FETCH_INTERVAL_S)
    assert (await openid.sign_in(joined.email)).status == 201


async def test_codes_that_are_worth_nothing_are_stopped_after_some(openid: OpenIdPeople) -> None:
    before, free = openid.provider.token_requests, throttle.FREE_BY_ADDRESS
    statuses = [(await openid.finish({**await openid.begin(), "code": "junk"})).status for _ in range(free + 2)]
    assert statuses == [401] * free + [429] * 2
    assert openid.provider.token_requests == before + free


async def test_neither_who_cancels_nor_who_guesses_a_password_keeps_an_address_from_the_provider(
    openid: OpenIdPeople,
) -> None:
    joined, before = await of_company(openid.people), openid.provider.token_requests
    returned = await openid.begin()
    for _ in range(throttle.FREE_BY_ADDRESS + 1):
        assert (await openid.finish({**returned, "code": ""})).status == 401
    assert openid.provider.token_requests == before
    for _ in range(throttle.FREE_BY_SUBJECT + 1):
        await openid.people.sign_in("openid 127.0.0.1", "x")
    assert (await openid.sign_in(joined.email)).status == 201


async def test_without_the_provider_nobody_is_signed_in_and_it_is_not_asked_all_the_time(
    openid: OpenIdPeople,
) -> None:
    openid.people.clock.advance(METADATA_AGE_S)
    openid.provider.down = True
    away = await openid.people.stranger.post("/sessions/openid", {})
    openid.provider.down = False
    again = await openid.people.stranger.post("/sessions/openid", {})
    assert [(r.status, int(r.headers["Retry-After"])) for r in (away, again)] == [(503, FETCH_INTERVAL_S)] * 2
    openid.people.clock.advance(FETCH_INTERVAL_S)
    assert (await openid.people.stranger.post("/sessions/openid", {})).status == 201
