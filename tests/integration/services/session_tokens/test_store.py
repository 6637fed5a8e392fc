"""What is in the store, and what becomes of the service when the store is in trouble."""

import asyncio
import functools
import json
from urllib.parse import urlsplit

import pytest
import redis.asyncio

from services.session_tokens.storage.redis import OUTBOX
from shared.contracts.key_registry import Revocation
from shared.contracts.session_tokens import session_token_id
from shared.opaque import ACCESS_KEY, mint
from shared.redis import WRITE_PROBE
from tests.support.harness.proxy import FaultProxy
from tests.support.harness.session_tokens import Service, Stack
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, becomes

SECRET = b'{"file":"/hidden/file","server":"backend-7.internal","auth":"partner-secret"}'


async def _dump(client: redis.asyncio.Redis) -> bytes:
    values = [(key, await client.get(key)) for key in await client.keys("session_token:*")]
    return repr((values, await client.xrange(OUTBOX))).encode()


async def test_a_copy_of_the_store_reveals_no_parameter_and_no_credential(
    service: Service, redis_database: str
) -> None:
    tokens = [await service.generate(SECRET), await service.generate(SECRET, "?uses=3")]
    async with redis.asyncio.from_url(redis_database) as client:
        dump = await _dump(client)
    for secret in (b"hidden", b"backend-7", b"partner-secret", b"file", b"auth", service.stack.access_key.encode()):
        assert secret not in dump
    for token in tokens:
        assert token.encode() not in dump
        assert token.replace("-", "").encode() not in dump


async def test_every_key_has_a_ttl_after_every_kind_of_write(service: Service, redis_database: str) -> None:
    tokens = [await service.generate(query=query) for query in ("", "?ttl=7200", "?uses=2", "?uses=5&ttl=60") * 5]
    for token in tokens:
        await service.verify(token)
    async with redis.asyncio.from_url(redis_database) as client:
        keys = [key for key in await client.keys("*") if OUTBOX not in str(key) and key != WRITE_PROBE.encode()]
        ttls = [await client.ttl(key) for key in keys]
    assert len(keys) == 30
    assert all(0 < ttl <= 7200 for ttl in ttls)


async def _saved(client: redis.asyncio.Redis) -> dict[str | bytes, bytes]:
    found: dict[str | bytes, bytes] = {}
    for key in await client.keys("session_token:*"):
        found[key] = await client.dump(key) or b""
    return found


async def _restore(client: redis.asyncio.Redis, saved: dict[str | bytes, bytes]) -> None:
    for key, value in saved.items():
        await client.restore(key, 3_600_000, value, replace=True)


async def test_no_backup_of_the_store_brings_back_what_was_ended_or_revoked(
    service: Service, stack: Stack, redis_database: str
) -> None:
    ended, revoked, valid = [await service.generate() for _ in range(3)]
    other = mint(ACCESS_KEY)
    other_id = stack.registry.add_access_key(other).id
    _, body = await service.call("POST", "/generate", data=b"{}", x_api_key=other)
    of_revoked_key = json.loads(body)["token"]
    async with redis.asyncio.from_url(redis_database) as client:
        saved = await _saved(client)
        assert (await service.call("DELETE", "/verify", x_api_token=ended))[0].status == 204
        await stack.registry.revoke(
            Revocation(kind="session_token", id=session_token_id(revoked), until=4_000_000_000)
        )
        stack.registry.set_status("access_key", other_id, "revoked")
        await client.flushall()
        await _restore(client, saved)
    async with stack.copy() as restarted:  # knows it from its snapshot alone
        for copy in (restarted, service):
            assert [(await copy.verify(t))[0] for t in (ended, valid)] == [403, 200]
            for stopped_elsewhere in (revoked, of_revoked_key):
                await becomes(403, functools.partial(copy.status_of, stopped_elsewhere))


async def test_n_uses_are_exactly_n_across_two_copies_of_the_service(service: Service, stack: Stack) -> None:
    async with stack.copy() as copy:
        token = await service.generate(query="?uses=10")
        responses = await asyncio.gather(*(each.verify(token) for each in (service, copy) for _ in range(20)))
    assert sorted(status for status, _ in responses) == [200] * 10 + [403] * 30


async def test_a_session_outlives_a_restart_of_the_service(stack: Stack) -> None:
    async with stack.copy() as before:
        token = await before.generate(SECRET)
    async with stack.copy() as after:
        assert await after.verify(token) == (200, SECRET)


@pytest.mark.parametrize("fault", ["cut", "swallow"])
async def test_a_store_that_is_away_is_503_within_a_second_and_back_without_restart(
    service: Service, proxy: FaultProxy, fault: str
) -> None:
    token = await service.generate(SECRET)
    getattr(proxy, fault)()
    for method, path, credential in (
        ("GET", "/verify", {"x_api_token": token}),
        ("DELETE", "/verify", {"x_api_token": token}),
        ("POST", "/generate", {"x_api_key": service.stack.access_key}),
        ("POST", "/generate?uses=2", {"x_api_key": service.stack.access_key}),
    ):
        async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
            response, body = await service.call(
                method, path, data=b"{}" if method == "POST" else None, **credential
            )
        assert (response.status, list(json.loads(body))) == (503, ["message"])
        assert int(response.headers["Retry-After"]) >= 1
    ready, body = await service.call("GET", "/health/ready")
    assert (ready.status, list(json.loads(body)["missing"])) == (503, ["valkey"])
    proxy.restore()
    await becomes((200, SECRET), functools.partial(service.verify, token))


async def test_replies_never_reach_another_request_when_the_store_is_torn(
    service: Service, proxy: FaultProxy
) -> None:
    bodies = {await service.generate(f'{{"auth":"{i}"}}'.encode()): f'{{"auth":"{i}"}}'.encode() for i in range(20)}
    right = 0

    async def send(token: str) -> None:
        nonlocal right
        for _ in range(15):
            status, body = await service.verify(token)
            assert (status, body) == (200, bodies[token]) or status == 503
            right += status == 200

    async def tear() -> None:
        for _ in range(6):
            await asyncio.sleep(0.03)
            proxy.restore()  # resets all connections

    await asyncio.gather(tear(), *(send(token) for token in bodies))
    assert right > 0


async def test_a_read_only_replica_makes_nothing_and_ends_nothing(service: Service, redis_database: str) -> None:
    token = await service.generate(SECRET)
    counted = await service.generate(SECRET, "?uses=1")
    async with redis.asyncio.from_url(redis_database) as client:
        await client.replicaof("127.0.0.1", 1)
        try:
            response, _ = await service.call("POST", "/generate", data=SECRET, x_api_key=service.stack.access_key)
            assert response.status == 503
            assert (await service.verify(counted))[0] == 503
            response, _ = await service.call("DELETE", "/verify", x_api_token=token)
            assert response.status == 503
        finally:
            await client.replicaof("NO", "ONE")
    assert (await service.verify(token))[0] == 403  # its end is durable where it counts: not in the store


async def test_a_store_that_lost_its_last_writes_does_not_revive_an_ended_token(
    service: Service, redis_database: str
) -> None:
    token = await service.generate(SECRET)
    key = f"session_token:{{{session_token_id(token)}}}"
    async with redis.asyncio.from_url(redis_database) as client:
        lost = await client.dump(key)
        response, _ = await service.call("DELETE", "/verify", x_api_token=token)
        assert response.status == 204
        assert await client.exists(key) == 0
        await client.restore(key, 60_000, lost or b"")
    assert await service.verify(token) == (403, b'{"message":"Wrong token"}')


async def test_only_the_database_that_is_named_is_written_to(service: Service, redis_database: str) -> None:
    assert urlsplit(redis_database).path in ("", "/0")
    await service.generate()
    async with redis.asyncio.from_url(redis_database) as client:
        assert list(await client.info("keyspace")) == ["db0"]
