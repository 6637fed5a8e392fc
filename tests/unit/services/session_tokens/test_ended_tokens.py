"""What ends a session token: it is durable, holds in every copy, and never comes undone."""

import pytest

from services.session_tokens.tokens import CLOCK_SKEW_S
from services.session_tokens.wrong_token import Cause, WrongToken
from shared.audit.origin import Origin, request_origin
from shared.audit.stopped import StoppedObject
from shared.changes.stopped_set import StoppedSet
from shared.contracts.key_registry import Revocation
from shared.contracts.session_tokens import session_token_id
from shared.errors import Unavailable
from tests.support.clock import FakeClock
from tests.unit.services.session_tokens.rules import EVENT, Rules


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


@pytest.mark.parametrize("cause", [Cause.ENDED, Cause.EXPIRED])
async def test_the_refusal_of_a_token_that_is_over_names_that_token(
    rules: Rules, clock: FakeClock, cause: Cause
) -> None:
    created = await rules.create(ttl="10")
    id_ = session_token_id(created.token)
    if cause is Cause.EXPIRED:
        clock.skew(10 + CLOCK_SKEW_S)
    else:
        await rules.registry.revoke(Revocation(kind="session_token", id=id_, until=created.expires_at))
        await rules.follower.poll()
    origin = Origin("POST /verify", lambda: "")
    served = request_origin.set(origin)
    try:
        assert await rules.refusal(created.token) is cause
    finally:
        request_origin.reset(served)
    assert [refusal.stopped for refusal in origin.noted] == [StoppedObject("session_token", id_)]


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
