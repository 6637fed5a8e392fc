"""A fresh sign-in at the OpenID provider in the place of the password, over HTTP: for who has none here."""

from typing import Any

import pytest

from services.key_registry.people import throttle
from services.key_registry.people.openid.id_token import FRESH_LEEWAY_S
from services.key_registry.people.openid.states import STATE_LIFE_S
from services.key_registry.people.reauthentication.fresh_sign_ins import FRESH_SIGN_IN_LIFE_S
from shared.jose.claim_checks import LEEWAY_S
from tests.integration.services.key_registry.people.factors.enrolment import RECOVERY, TOTP, Authenticator
from tests.integration.services.key_registry.people.joining import CONSOLE_URL, Joined
from tests.integration.services.key_registry.people.openid.returning import OpenIdPeople
from tests.integration.services.key_registry.people.passkeys.registering import OWN, add
from tests.support.harness.key_registry import Responded
from tests.support.software_authenticator import SoftwareAuthenticator

CONFIRMATIONS = "/me/openid-confirmations"


@pytest.fixture(autouse=True)
def no_failures(openid: OpenIdPeople) -> None:
    openid.people.clock.advance(2 * throttle.FAILURES_WINDOW_S)
    openid.provider.change = lambda claims: None


async def joined_by_provider(openid: OpenIdPeople, *, of_operator: bool = False) -> Joined:
    people = openid.people
    email, of = people.email(), {} if of_operator else {"company_id": (await people.owner.company())["id"]}
    invitation = await people.invite("editor", email=email, **of)
    opened = await openid.sign_in(email, invitation=invitation["token"])
    assert opened.status == 201, opened.raw
    return Joined(email, opened.body["person"]["id"], people.owner.with_token(opened.body["token"]))


async def begin(openid: OpenIdPeople, joined: Joined) -> dict[str, str]:
    begun = await joined.admin.post(CONFIRMATIONS)
    assert begun.status == 201, begun.raw
    return await openid.go(begun.body)


async def finish(joined: Joined, returned: dict[str, str]) -> Responded:
    return await joined.admin.post(f"{CONFIRMATIONS}/finish", returned)


async def confirmed(openid: OpenIdPeople, joined: Joined) -> str:
    fresh = await finish(joined, await begin(openid, joined))
    assert fresh.status == 201, fresh.raw
    return str(fresh.body["confirmation"])


async def test_who_has_no_password_turns_on_a_second_factor_and_off_again(openid: OpenIdPeople) -> None:
    joined = await joined_by_provider(openid)
    assert (await joined.admin.get("/me/second-factor")).body["confirms_by_openid"] is True
    confirmation = await confirmed(openid, joined)
    offered = await joined.admin.post(TOTP, {"confirmation": confirmation})
    assert offered.status == 201, offered.raw
    again = await joined.admin.post(TOTP, {"confirmation": confirmation})
    assert (again.status, again.fields) == (422, {"confirmation"}), "it is for one act"
    authenticator = Authenticator(offered.body["secret"], openid.people.clock)
    assert (await joined.admin.post(f"{TOTP}/confirm", {"code": authenticator.code()})).status == 201
    confirmation = await confirmed(openid, joined)
    wrong = await joined.admin.post(RECOVERY, {"confirmation": confirmation, "code": authenticator.wrong_code()})
    assert (wrong.status, wrong.fields) == (422, {"code"}), "it takes the place of the password alone"
    body = {"confirmation": confirmation, "code": authenticator.next_code()}
    assert (await joined.admin.post(f"{TOTP}/remove", body)).status == 204, "which has not used it up"


async def test_who_has_no_password_adds_a_passkey_and_removes_it(openid: OpenIdPeople) -> None:
    joined = await joined_by_provider(openid)
    begun = await joined.admin.post(f"{OWN}/options", {"confirmation": await confirmed(openid, joined)})
    assert begun.status == 201, begun.raw
    added = await add(joined, SoftwareAuthenticator(CONSOLE_URL).create(begun.body["options"]))
    assert added.status == 201
    path = f"{OWN}/{added.body['id']}/remove"
    assert (await joined.admin.post(path, {})).fields == {"password"}
    assert (await joined.admin.post(path, {"confirmation": await confirmed(openid, joined)})).status == 204


async def test_who_has_no_password_sets_one(openid: OpenIdPeople) -> None:
    joined, new = await joined_by_provider(openid), "a password of one's own"
    assert (await joined.admin.post("/me/password", {"new": new})).fields == {"password"}
    body = {"confirmation": await confirmed(openid, joined), "new": new}
    assert (await joined.admin.post("/me/password", body)).status == 204
    assert (await openid.people.sign_in(joined.email, new)).status == 201
    refused = await joined.admin.post("/me/password", {**body, "new": "yet another one of them"})
    assert (refused.status, refused.fields) == (422, {"confirmation"}), "it is for one act"


async def test_who_has_to_sign_in_by_the_provider_sets_no_password(openid: OpenIdPeople) -> None:
    joined, new = await joined_by_provider(openid, of_operator=True), "a password of one's own"
    confirmation = await confirmed(openid, joined)
    for _ in range(throttle.FREE_BY_SUBJECT + 1):
        refused = await joined.admin.post("/me/password", {"confirmation": confirmation, "new": new})
        assert (refused.status, "OpenID provider alone" in refused.raw.decode()) == (409, True)
    assert (await joined.admin.post(TOTP, {"password": new})).fields == {"password"}
    offered = await joined.admin.post(TOTP, {"confirmation": confirmation})
    assert offered.status == 201, "nothing was used up, and nothing counts as a failed sign-in"


async def test_the_provider_is_to_ask_anew_and_to_say_when_it_did(openid: OpenIdPeople) -> None:
    joined = await joined_by_provider(openid)
    now, asked = openid.people.clock.now, openid.provider.asked_anew
    changes: list[dict[str, Any]] = [
        {"auth_time": None},
        {"auth_time": "now"},
        {"auth_time": True},
        {"auth_time": int(now() - FRESH_LEEWAY_S - 1)},
        {"auth_time": int(now() + LEEWAY_S + 1)},
    ]
    for changed in changes:
        openid.provider.change = lambda claims, changed=changed: claims.update(changed)  # type: ignore[misc]
        refused = await finish(joined, await begin(openid, joined))
        assert (refused.status, refused.body["code"]) == (409, "openid_not_confirmed"), changed
    assert openid.provider.asked_anew == asked + len(changes)
    openid.provider.change = lambda claims: claims.update(auth_time=int(now() - FRESH_LEEWAY_S + 2))
    assert (await finish(joined, await begin(openid, joined))).status == 201, "another clock"


async def test_another_account_at_the_provider_confirms_nothing(openid: OpenIdPeople) -> None:
    joined = await joined_by_provider(openid)
    openid.provider.subject = "somebody-else"
    assert (await finish(joined, await begin(openid, joined))).status == 409
    assert (await joined.admin.get("/me")).status == 200, "the session goes on"


async def test_it_is_of_this_session_once_and_in_time(openid: OpenIdPeople) -> None:
    people, joined, other = openid.people, await joined_by_provider(openid), await joined_by_provider(openid)
    openid.provider.email = joined.email
    elsewhere = Joined(
        joined.email, joined.id, people.owner.with_token((await openid.sign_in(joined.email)).body["token"])
    )
    returned = await begin(openid, joined)
    for wrong in (elsewhere, other):
        assert (await finish(wrong, returned)).status == 409
    assert (await openid.finish(returned)).status == 401, "it signs nobody in"
    signing_in = await openid.begin()
    assert (await finish(joined, signing_in)).status == 409, "nor does a sign-in confirm anything"
    fresh = await finish(joined, returned)
    assert fresh.status == 201
    assert (await finish(joined, returned)).status == 409
    for wrong in (elsewhere, other):
        refused = await wrong.admin.post(TOTP, {"confirmation": fresh.body["confirmation"]})
        assert (refused.status, refused.fields) == (422, {"confirmation"})
    people.clock.advance(FRESH_SIGN_IN_LIFE_S)
    assert (await joined.admin.post(TOTP, {"confirmation": fresh.body["confirmation"]})).status == 422
    late = await begin(openid, joined)
    people.clock.advance(STATE_LIFE_S)
    assert (await finish(joined, late)).status == 409


async def test_what_is_no_confirmation_counts_as_a_wrong_password(openid: OpenIdPeople) -> None:
    joined = await joined_by_provider(openid)
    attempts = [
        await joined.admin.post(TOTP, {"confirmation": text}) for text in ("x", "AAAA", "é", "A" * 500, "-")
    ]
    assert [(response.status, response.fields) for response in attempts] == [(422, {"confirmation"})] * 5
    assert (await joined.admin.post(TOTP, {"confirmation": "x"})).status == 429


async def test_who_is_no_person_or_was_never_at_the_provider_cannot_begin(openid: OpenIdPeople) -> None:
    people = openid.people
    assert (await people.owner.post(CONFIRMATIONS)).status == 403
    bound = await joined_by_provider(openid, of_operator=True)
    unbound = await people.join(company_id=(await people.owner.company())["id"])
    assert (await unbound.admin.post(CONFIRMATIONS)).status == 409
    by_password = (await unbound.admin.get("/me/second-factor")).body
    assert (by_password["confirms_by_openid"], by_password["signs_in_by_password"]) == (False, True)
    by_provider = (await bound.admin.get("/me/second-factor")).body
    assert (by_provider["confirms_by_openid"], by_provider["signs_in_by_password"]) == (True, False)
