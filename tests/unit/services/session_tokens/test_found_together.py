"""Several session tokens that are found in one call to the store."""

import json
import uuid

import pytest

from services.session_tokens.tokens import CLOCK_SKEW_S, MAX_SEALED_BYTES_TOGETHER
from shared.contracts.session_tokens import session_token_id
from shared.errors import Unavailable
from shared.opaque import digest
from tests.support.clock import FakeClock
from tests.unit.services.session_tokens.rules import EVENT, KEY, Rules


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
