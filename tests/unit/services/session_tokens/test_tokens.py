"""The rules of session tokens: who may make them, for how long they are good, and what ends them."""

import asyncio
import json
import uuid
from typing import Any

import pytest

from services.session_tokens.parameters import parse
from services.session_tokens.tokens import CLOCK_SKEW_S, MAX_SEALED_BYTES_TOGETHER, Created, SessionTokens
from services.session_tokens.wrong_token import EXPECTED, Cause, WrongToken
from shared.audit.mismatch import A_JWT, A_KID, A_SESSION_TOKEN, Mismatch
from shared.audit.trail import AuditTrail
from shared.changes.follower import ChangeFollower
from shared.changes.stopped_set import StoppedSet
from shared.contracts.key_registry import AccessKey, AuditEvent, Revocation, Status
from shared.contracts.session_tokens import RefusedSession, SessionTokensClient, session_token_id
from shared.errors import Invalid, Unavailable
from shared.opaque import ACCESS_KEY, API_TOKEN, KEY_PAIR, digest, mint, public_id
from tests.support.cases import each_case
from tests.support.clock import FakeClock
from tests.support.doubles.registry import COMPANY, RegistryDouble
from tests.support.doubles.session_tokens import MemorySessionStore

KEY = mint(ACCESS_KEY)
EVENT = AuditEvent(action="session_token.created", actor="access_key:1", at=1.0)


class AccessKeys:
    def __init__(self, registry: RegistryDouble) -> None:
        self._registry = registry
        self.remembered: dict[bytes, AccessKey | None] = {}

    async def get(self, key: bytes) -> AccessKey | None:
        self.remembered[key] = record = await self._registry.access_key(key)
        return record

    def known(self, key: bytes) -> AccessKey | None:
        return self.remembered.get(key)


class Rules:
    """The rules over memory, and what surrounds them."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.registry = RegistryDouble()
        self.record = self.registry.add_access_key(KEY, default_ttl=3600, max_ttl=7200)
        self.store = MemorySessionStore(clock)
        self.audit = AuditTrail(self.registry, service="session_tokens", clock=clock)
        self.tokens, self.follower = self.copy()

    def copy(self, bound: float = 10_000) -> tuple[SessionTokens, ChangeFollower]:
        """One more copy of the service over the same store, and what keeps it true."""
        ended = StoppedSet(self.clock, frozenset({"session_token"}))
        follower = ChangeFollower(self.registry, (ended,), clock=self.clock, bound=bound)
        self.keys = AccessKeys(self.registry)
        tokens = SessionTokens(self.store, self.keys, ended, follower, self.registry, self.audit, self.clock)
        return tokens, follower

    async def create(self, body: bytes = b'{"file":"f"}', **wishes: str) -> Created:
        return await self.tokens.create(await self.tokens.authorize(KEY), parse(body), **wishes)

    async def refusal(self, token: str) -> Cause:
        with pytest.raises(WrongToken) as refused:
            await self.tokens.verify(token)
        assert str(refused.value) == "Wrong token"
        return refused.value.cause

    async def events(self) -> list[AuditEvent]:
        """All that was noted, sent."""
        await self.audit.start()
        await self.audit.stop()
        return [*self.store.events, *self.registry.events]


@pytest.fixture
async def rules(clock: FakeClock) -> Rules:
    rules = Rules(clock)
    await rules.follower.poll()
    return rules


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


async def test_several_are_found_together_each_in_its_place_and_none_is_used(rules: Rules) -> None:
    plain, counted = await rules.create(b'{"n":1}'), await rules.create(b'{"n":2}', uses="1")
    unknown = str(uuid.uuid4())
    for _ in range(2):
        first, nobody, second = await rules.tokens.find([plain.token, unknown, counted.token])
        assert nobody is None
        assert first is not None
        assert second is not None
        assert (first.parameters, first.counted) == (b'{"n":1,"auth":"blabla"}', False)
        assert (second.parameters, second.counted) == (b'{"n":2,"auth":"blabla"}', True)
    assert first == await rules.tokens.verify(plain.token)
    await rules.tokens.verify(counted.token)
    assert await rules.tokens.find([counted.token]) == [None]
    assert [event.action for event in await rules.events()] == ["session_token.created"] * 2


@pytest.mark.parametrize("why", ["suspended key", "forgotten key", "ended", "old", "changed", "another's", "large"])
async def test_what_is_not_certainly_good_is_left_to_be_verified_alone(
    rules: Rules, clock: FakeClock, why: str
) -> None:
    body = json.dumps({"file": "f" * (MAX_SEALED_BYTES_TOGETHER if why == "large" else 1)}).encode()
    created, other = await rules.create(body), await rules.create()
    id_ = session_token_id(created.token)
    sealed = await rules.store.get(id_) or b""
    if why == "suspended key":
        rules.registry.set_status("access_key", rules.record.id, "suspended")
        await rules.keys.get(digest(KEY))
    elif why == "forgotten key":
        rules.keys.remembered.clear()
    elif why == "ended":
        await rules.tokens.end(created.token)
    elif why == "old":
        clock.advance(3600 + CLOCK_SKEW_S)
    elif why == "changed":
        sealed = bytes([*sealed[:-1], sealed[-1] ^ 1])
    elif why == "another's":
        sealed = await rules.store.get(session_token_id(other.token)) or b""
    await rules.store.put(id_, sealed, ttl=100, uses=None, event=EVENT)  # the store may be an older copy
    assert await rules.tokens.find([created.token]) == [None]


async def test_none_is_found_while_it_is_not_known_which_were_ended(rules: Rules) -> None:
    created = await rules.create()
    early, _ = rules.copy()
    await early.authorize(KEY)
    with pytest.raises(Unavailable):
        await early.find([created.token])


async def test_an_ended_token_never_comes_back(rules: Rules) -> None:
    created = await rules.create()
    id_ = session_token_id(created.token)
    sealed = await rules.store.get(id_)
    await rules.tokens.end(created.token)
    assert await rules.refusal(created.token) == Cause.UNKNOWN
    await rules.store.put(
        id_, sealed or b"", ttl=100, uses=None, event=EVENT
    )  # as a store does that lost its last writes
    assert await rules.refusal(created.token) == Cause.ENDED


async def test_a_token_that_was_ended_before_the_start_is_known_from_the_snapshot(rules: Rules) -> None:
    created = await rules.create()
    sealed = await rules.store.get(session_token_id(created.token))
    await rules.tokens.end(created.token)
    await rules.store.put(session_token_id(created.token), sealed or b"", ttl=100, uses=None, event=EVENT)
    rules.tokens, follower = rules.copy()
    await follower.poll()
    assert await rules.refusal(created.token) == Cause.ENDED


async def test_a_token_that_was_revoked_by_its_id_is_refused_once_that_is_known(rules: Rules) -> None:
    created = await rules.create()
    id_ = session_token_id(created.token)
    await rules.registry.revoke(Revocation(kind="session_token", id=id_, until=created.expires_at))
    await rules.tokens.verify(created.token)
    await rules.follower.poll()
    assert await rules.refusal(created.token) == Cause.ENDED


async def test_no_token_is_valid_while_it_is_not_known_which_were_ended(rules: Rules, clock: FakeClock) -> None:
    created = await rules.create(ttl="7200")
    early, _ = rules.copy()
    with pytest.raises(Unavailable):
        await early.verify(created.token)
    rules.tokens, follower = rules.copy(bound=5)
    await follower.poll()
    clock.advance(5)
    await rules.tokens.verify(created.token)
    clock.advance(0.1)
    with pytest.raises(Unavailable):
        await rules.tokens.verify(created.token)


async def test_the_end_of_a_token_is_durable_until_it_would_have_expired(rules: Rules) -> None:
    created = await rules.create()
    await rules.tokens.end(created.token)
    [revocation] = rules.registry.revocations
    assert (revocation.kind, revocation.id) == ("session_token", session_token_id(created.token))
    assert revocation.until >= created.expires_at
    assert created.token not in revocation.model_dump_json()


async def test_a_token_is_not_ended_when_that_cannot_be_made_durable(rules: Rules) -> None:
    token = (await rules.create()).token
    rules.registry.away = True
    with pytest.raises(Unavailable):
        await rules.tokens.end(token)
    rules.registry.away = False
    await rules.tokens.verify(token)


async def test_a_token_of_a_suspended_key_can_still_be_ended(rules: Rules) -> None:
    token = (await rules.create()).token
    rules.registry.set_status("access_key", rules.record.id, "suspended")
    await rules.tokens.end(token)
    rules.registry.set_status("access_key", rules.record.id, "active")
    assert await rules.refusal(token) == Cause.UNKNOWN


async def test_ending_twice_is_a_wrong_token(rules: Rules) -> None:
    token = (await rules.create()).token
    await rules.tokens.end(token)
    with pytest.raises(WrongToken):
        await rules.tokens.end(token)


async def test_an_end_that_failed_in_the_store_holds_and_is_completed_when_it_is_tried_again(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(id_: str) -> None:
        raise Unavailable

    token = (await rules.create()).token
    with monkeypatch.context() as fault:
        fault.setattr(rules.store, "end", away)
        with pytest.raises(Unavailable):
            await rules.tokens.end(token)
    assert await rules.refusal(token) == Cause.ENDED
    await rules.tokens.end(token)
    assert await rules.refusal(token) == Cause.UNKNOWN
    assert len(rules.registry.revocations) == 1


async def test_a_snapshot_that_was_read_before_does_not_undo_the_end_of_a_token(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = await rules.create()
    sealed, early = await rules.store.get(session_token_id(created.token)), await rules.registry.snapshot()
    ended = StoppedSet(rules.clock, frozenset({"session_token"}))
    monkeypatch.setattr(rules.tokens, "_ended", ended)
    await rules.tokens.end(created.token)
    ended.reset(early)
    await rules.store.put(session_token_id(created.token), sealed or b"", ttl=100, uses=None, event=EVENT)
    assert await rules.refusal(created.token) == Cause.ENDED


async def test_another_copy_resolves_and_ends_the_same_tokens(rules: Rules) -> None:
    token, (copy, follower) = (await rules.create()).token, rules.copy()
    await follower.poll()
    assert (await copy.verify(token)).parameters == (await rules.tokens.verify(token)).parameters
    await copy.end(token)
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
    assert refused.value.known
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
