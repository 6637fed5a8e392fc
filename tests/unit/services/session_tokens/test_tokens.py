"""The rules of session tokens: who may create them, for how long they are valid, and what stops them."""

import asyncio
import json
import uuid
from typing import Any

import pytest

from services.session_tokens.parameters import parse
from services.session_tokens.tokens import CLOCK_SKEW_S, MAX_CACHED_BYTES
from services.session_tokens.wrong_token import EXPECTED, Cause, WrongToken
from shared.audit.mismatch import A_JWT, A_KID, A_SESSION_TOKEN, Mismatch
from shared.contracts.key_registry import Status
from shared.contracts.session_tokens import CACHED_FOR_S, RefusedSession, SessionTokensClient, session_token_id
from shared.errors import Invalid, Unavailable
from shared.opaque import ACCESS_KEY, API_TOKEN, KEY_PAIR, digest, mint, public_id
from tests.support.cases import each_case
from tests.support.clock import FakeClock
from tests.support.doubles.registry import COMPANY
from tests.unit.services.session_tokens.rules import EVENT, KEY, Rules


async def test_a_token_stands_for_its_parameters_and_its_company(rules: Rules) -> None:
    created = await rules.create(b'{"b":1,"a":2}')
    session = await rules.tokens.verify(created.token)
    assert session.parameters == b'{"b":1,"a":2,"auth":"blabla"}'
    assert (session.key.id, session.key.company.id) == (rules.record.id, COMPANY.id)
    assert session.expires_at == created.expires_at


async def test_life_is_the_default_of_the_key_unless_asked_otherwise(rules: Rules, clock: FakeClock) -> None:
    assert (await rules.create()).expires_at == int(clock.now()) + 3600
    assert (await rules.create(ttl="1")).expires_at == int(clock.now()) + 1
    assert (await rules.create(ttl="7200")).expires_at == int(clock.now()) + 7200


@pytest.mark.parametrize("ttl", ["0", "7201", "", "1.0", "-1", "+1", " 1", "1 ", "1_0", "\u0661", "9" * 5000])
async def test_life_beyond_the_ceiling_of_the_key_is_refused(rules: Rules, ttl: str) -> None:
    with pytest.raises(Invalid, match="ttl must be an integer from 1 to 7200"):
        await rules.create(ttl=ttl)


async def test_a_token_in_capitals_is_the_same_token(rules: Rules) -> None:
    token = (await rules.create(uses="2")).token
    await rules.tokens.verify(token.upper())
    await rules.tokens.end(token.upper())
    assert await rules.refusal(token) == Cause.UNKNOWN


@each_case("at", ["x-api-key", "x-api-token"])
async def test_what_has_no_prefix_and_the_form_of_another_kind_is_said_to_be_that(rules: Rules, at: str) -> None:
    forms = {public_id(KEY_PAIR): A_KID, "eyJhbGciOiJFUzI1NiJ9.e30.AA": A_JWT}
    if at == "x-api-key":
        forms[str(uuid.uuid4())] = A_SESSION_TOKEN
    for text, found in forms.items():
        with pytest.raises(WrongToken) as refused:
            await (rules.tokens.authorize(text) if at == "x-api-key" else rules.tokens.verify(text))
        assert refused.value.cause == Cause.WRONG_KIND
        assert refused.value.mismatch == Mismatch(found=found, expected=EXPECTED[at])


@each_case("text, cause", [("pgat_x", "wrong_kind"), ("PGAT_x", "malformed"), ("x", "malformed")])
async def test_service_and_gateway_find_one_cause_in_a_text_as_it_was_sent(
    rules: Rules, text: str, cause: str
) -> None:
    nowhere: Any = None
    at_gateway = await SessionTokensClient(nowhere).resolve(text)
    assert isinstance(at_gateway, RefusedSession)
    assert (await rules.refusal(text), at_gateway.cause) == (cause, cause)


async def test_a_peek_counts_as_no_use(rules: Rules) -> None:
    token = (await rules.create(uses="1")).token
    for _ in range(3):
        await rules.tokens.verify(token, peek=True)
    await rules.tokens.verify(token)
    with pytest.raises(WrongToken):
        await rules.tokens.verify(token, peek=True)


async def test_a_token_for_one_use_works_once_however_many_try(rules: Rules) -> None:
    token = (await rules.create(uses="1")).token
    outcomes = await asyncio.gather(*(rules.tokens.verify(token) for _ in range(20)), return_exceptions=True)
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1


async def test_an_expired_token_is_wrong(rules: Rules, clock: FakeClock) -> None:
    token = (await rules.create(ttl="10")).token
    clock.advance(9.9)
    await rules.tokens.verify(token)
    clock.advance(0.1)
    assert await rules.refusal(token) == Cause.UNKNOWN


async def test_a_store_that_brings_an_expired_token_back_does_not_make_it_valid(
    rules: Rules, clock: FakeClock
) -> None:
    token = (await rules.create(ttl="10")).token
    clock.skew(10 + CLOCK_SKEW_S)
    assert await rules.refusal(token) == Cause.EXPIRED


async def test_a_wall_clock_that_is_a_little_off_is_not_noticed(rules: Rules, clock: FakeClock) -> None:
    token = (await rules.create(ttl="10")).token
    clock.skew(10 + CLOCK_SKEW_S - 1)
    await rules.tokens.verify(token)


async def test_a_token_valid_for_n_uses_is_valid_for_exactly_n_however_many_try(rules: Rules) -> None:
    token = (await rules.create(uses="7")).token
    outcomes = await asyncio.gather(*(rules.tokens.verify(token) for _ in range(50)), return_exceptions=True)
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 7
    assert all(isinstance(outcome, WrongToken) for outcome in outcomes if isinstance(outcome, BaseException))


@pytest.mark.parametrize("uses", ["0", "1000001", "many", "-1", ""])
async def test_a_number_of_uses_out_of_bounds_is_refused(rules: Rules, uses: str) -> None:
    with pytest.raises(Invalid, match="uses must be an integer from 1 to 1000000"):
        await rules.create(uses=uses)


@pytest.mark.parametrize("status", ["suspended", "revoked"])
async def test_a_token_stops_with_its_access_key(rules: Rules, status: Status) -> None:
    token = (await rules.create()).token
    rules.registry.set_status("access_key", rules.record.id, status)
    assert await rules.refusal(token) == Cause(f"access_key_{status}")


@pytest.mark.parametrize("status", ["suspended", "revoked"])
async def test_a_token_stops_with_its_company(rules: Rules, status: Status) -> None:
    token = (await rules.create()).token
    rules.registry.set_status("company", COMPANY.id, status)
    assert await rules.refusal(token) == Cause(f"company_{status}")


async def test_a_token_works_again_when_its_access_key_is_resumed(rules: Rules) -> None:
    token = (await rules.create()).token
    rules.registry.set_status("access_key", rules.record.id, "suspended")
    assert await rules.refusal(token) == Cause.ACCESS_KEY_SUSPENDED
    rules.registry.set_status("access_key", rules.record.id, "active")
    await rules.tokens.verify(token)


async def test_a_refusal_or_an_outage_uses_nothing_up(rules: Rules) -> None:
    token = (await rules.create(uses="1")).token
    rules.registry.set_status("company", COMPANY.id, "suspended")
    await rules.refusal(token)
    rules.registry.set_status("company", COMPANY.id, "active")
    rules.registry.away = True
    with pytest.raises(Unavailable):
        await rules.tokens.verify(token)
    rules.registry.away = False
    await rules.tokens.verify(token)


@pytest.mark.parametrize("kind", ["access_key", "company"])
@pytest.mark.parametrize("status", ["suspended", "revoked"])
async def test_a_stopped_key_makes_no_tokens(rules: Rules, kind: str, status: Status) -> None:
    if kind == "access_key":
        rules.registry.set_status("access_key", rules.record.id, status)
    else:
        rules.registry.set_status("company", COMPANY.id, status)
    with pytest.raises(WrongToken) as refused:
        await rules.create()
    assert refused.value.cause == Cause(f"{kind}_{status}")


@pytest.mark.parametrize("key", ["", "x", KEY[:-1], KEY + "0", KEY.lower(), mint(API_TOKEN), "\ud800", "\0" * 54])
async def test_what_has_not_the_form_of_an_access_key_is_not_looked_up(rules: Rules, key: str) -> None:
    with pytest.raises(WrongToken):
        await rules.tokens.authorize(key)
    assert rules.registry.lookups == 0


async def test_another_copy_resolves_and_ends_the_same_tokens(rules: Rules) -> None:
    token, (copy, follower) = (await rules.create()).token, rules.copy()
    await follower.poll()
    assert (await copy.verify(token)).parameters == (await rules.tokens.verify(token)).parameters
    await copy.end(token)
    await rules.follower.poll()
    assert await rules.refusal(token) == Cause.ENDED
    rules.clock.advance(CACHED_FOR_S)
    assert await rules.refusal(token) == Cause.UNKNOWN


async def test_a_store_that_was_tampered_with_gives_wrong_tokens(rules: Rules) -> None:
    one, two = (await rules.create(b'{"n":1}')).token, (await rules.create(b'{"n":2}')).token
    swapped = await rules.store.get(session_token_id(two))
    await rules.store.put(session_token_id(one), swapped or b"", ttl=100, uses=None, event=EVENT)
    assert await rules.refusal(one) == Cause.TAMPERED


async def test_what_is_noted_tells_who_and_why_and_holds_no_secret(rules: Rules) -> None:
    token = (await rules.create(b'{"file":"hidden-file"}', uses="1")).token
    await rules.tokens.verify(token)
    unknown = str(uuid.uuid4())
    await rules.refusal(unknown)
    rules.registry.set_status("access_key", rules.record.id, "revoked")
    with pytest.raises(WrongToken):
        await rules.create()
    events = await rules.events()
    assert [(e.action, e.actor, e.detail.get("cause")) for e in events] == [
        ("session_token.created", f"access_key:{rules.record.id}", None),
        ("access_key.refused", f"access_key:{rules.record.id}", "access_key_revoked"),
    ]
    written = json.dumps([event.model_dump() for event in events])
    for secret in (token, unknown, KEY, digest(KEY).hex(), "hidden-file"):
        assert secret not in written


async def test_both_secrets_of_a_key_create_until_the_old_one_retires_which_needs_no_event(
    rules: Rules, clock: FakeClock
) -> None:
    new = mint(ACCESS_KEY)
    rules.registry.rotate("access_key", KEY, new, retires_at=clock.now() + 3)
    by_old = await rules.create()
    clock.advance(3)
    with pytest.raises(WrongToken) as refused:
        await rules.tokens.authorize(KEY)
    assert refused.value.cause is Cause.ACCESS_KEY_VERSION_RETIRED
    assert refused.value.noted
    await rules.tokens.authorize(new)
    session = await rules.tokens.verify(by_old.token)  # what was created with it goes on
    assert (session.key.id, session.key.version) == (rules.record.id, 1)


async def test_a_secret_that_is_ended_ends_the_tokens_that_it_created_and_no_others(rules: Rules) -> None:
    new = mint(ACCESS_KEY)
    by_old = await rules.create()
    rules.registry.rotate("access_key", KEY, new)
    by_new = await rules.tokens.create(await rules.tokens.authorize(new), parse(b"{}"))
    assert await rules.refusal(by_old.token) is Cause.ACCESS_KEY_VERSION_REVOKED
    with pytest.raises(WrongToken):
        await rules.tokens.authorize(KEY)
    assert (await rules.tokens.verify(by_new.token)).key.version == 2


async def test_a_key_that_ends_creates_no_token_that_outlives_it_and_ends_those_that_it_created(
    clock: FakeClock,
) -> None:
    rules = Rules(clock)
    rules.registry.add_access_key(KEY, id=rules.record.id, expires_at=clock.now() + 100.5)
    await rules.follower.poll()
    created = await rules.create()
    assert created.expires_at == int(clock.now()) + 100
    rules.registry.add_access_key(KEY, id=rules.record.id, expires_at=clock.now() + 3)
    clock.advance(3)
    assert await rules.refusal(created.token) is Cause.ACCESS_KEY_EXPIRED
    with pytest.raises(WrongToken) as refused:
        await rules.tokens.authorize(KEY)
    assert refused.value.cause is Cause.ACCESS_KEY_EXPIRED


@each_case("left, meanwhile", [(0.5, 0.0), (5.0, 4.5), (5.0, 60.0)])
async def test_no_token_outlives_its_key_and_one_without_a_second_left_is_refused_as_expired(
    clock: FakeClock, left: float, meanwhile: float
) -> None:
    rules = Rules(clock)
    rules.registry.add_access_key(KEY, id=rules.record.id, expires_at=clock.now() + left)
    await rules.follower.poll()
    key = await rules.tokens.authorize(KEY)
    clock.advance(meanwhile)
    with pytest.raises(WrongToken) as refused:
        await rules.tokens.create(key, parse(b"{}"))
    clock.advance(left)
    with pytest.raises(WrongToken) as expired:
        await rules.tokens.authorize(KEY)
    assert vars(refused.value) == vars(expired.value)
    assert refused.value.cause is Cause.ACCESS_KEY_EXPIRED


async def test_a_token_is_fetched_once_a_second_and_its_end_is_known_at_once(rules: Rules) -> None:
    token = (await rules.create()).token
    for _ in range(3):
        assert json.loads((await rules.tokens.verify(token)).parameters)["file"] == "f"
    assert rules.store.fetched == 1
    rules.clock.advance(CACHED_FOR_S)
    await rules.tokens.verify(token)
    assert rules.store.fetched == 2
    await rules.tokens.end(token)
    assert await rules.refusal(token) == Cause.UNKNOWN


async def test_a_cached_token_is_refused_once_its_access_key_is_stopped(rules: Rules) -> None:
    token = (await rules.create()).token
    await rules.tokens.verify(token)
    rules.registry.set_status("access_key", rules.record.id, "suspended")
    assert await rules.refusal(token) == Cause.ACCESS_KEY_SUSPENDED


@pytest.mark.parametrize(
    ("body", "wishes"),
    [
        pytest.param(b'{"file":"f"}', {"uses": "5"}, id="a number of uses"),
        pytest.param(b'{"file":"f"}', {"ttl": "1"}, id="ends within the second"),
        pytest.param(b'{"file":"%s"}' % (b"f" * MAX_CACHED_BYTES), {}, id="long"),
    ],
)
async def test_what_must_not_be_cached_is_fetched_each_time(
    rules: Rules, body: bytes, wishes: dict[str, str]
) -> None:
    token = (await rules.create(body, **wishes)).token
    for fetched in (1, 2, 3):
        await rules.tokens.verify(token)
        assert rules.store.fetched == fetched


async def test_a_cached_token_is_verified_no_longer_than_changes_can_be_followed(rules: Rules) -> None:
    tokens, follower = rules.copy(bound=0.5)
    token = (await rules.create()).token
    await follower.poll()
    await tokens.verify(token)
    rules.clock.advance(0.6)
    with pytest.raises(Unavailable):
        await tokens.verify(token)
