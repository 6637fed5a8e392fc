"""What is counted of access keys: calls, users, and the session tokens that are alive."""

import time

from shared.opaque import ACCESS_KEY, mint
from tests.support.harness.session_tokens import Stack


async def test_calls_users_and_live_tokens_of_an_access_key_are_counted(stack: Stack) -> None:
    async with stack.copy() as service:
        tokens = [await service.generate(body) for body in (b'{"userId":"1"}', b'{"userId":1}', b'{"a":1}')]
        await service.generate(b'{"userId":"1"}')
        assert await service.status_of(tokens[0]) == 200
        for _ in range(2):
            await service.call("DELETE", "/verify", x_api_token=tokens[1])
        assert await service.status_of(tokens[1]) == 403
        async with service.as_gateway() as gateway:
            await gateway.resolve(tokens[0])
        stack.registry.set_status("access_key", stack.access_key_id, "suspended")
        response, _ = await service.call("POST", "/generate", data=b"{}", x_api_key=stack.access_key)
    usage, key = stack.registry.usage, ("access_key", stack.access_key_id, 1)
    refused = usage.calls.pop((*key, "/generate", "refused", "access_key_suspended"), 0)
    assert (response.status, refused) in ((403, 1), (200, 0)), "the change may come after the call"
    assert usage.calls[*key, "/generate", "accepted", ""] == 4 + (1 - refused)
    assert usage.calls[*key, "/verify", "accepted", ""] == 2
    assert sum(tokens for (*_, what, _), tokens in usage.issued.items() if what == "session_token") == 4 - refused
    users = {user for batch in usage.batches for count in batch.counts for user in count.users}
    assert len(users) == 2, "a string and a number are two users"


async def test_refusal_of_an_access_key_in_its_last_second_is_counted_as_of_one_that_has_expired(
    stack: Stack,
) -> None:
    secret = mint(ACCESS_KEY)
    async with stack.copy() as service:
        key = stack.registry.add_access_key(secret, id="ends", expires_at=time.time() + 0.9)
        response, body = await service.call("POST", "/generate", data=b"{}", x_api_key=secret)
        unknown, of_unknown = await service.call("POST", "/generate", data=b"{}", x_api_key=mint(ACCESS_KEY))
    assert (response.status, body) == (unknown.status, of_unknown)
    calls = stack.registry.usage.calls
    assert calls["access_key", key.id, 1, "/generate", "refused", "access_key_expired"] == 1
