"""No session token without its audit line, and no line twice, whatever fails in between."""

import asyncio
import functools
import json
import signal
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import AsyncMock

import pytest
import redis.asyncio

from services.session_tokens.outbox import OVERDUE_AFTER_S, OutboxRelay
from services.session_tokens.storage.redis import LEASE, LEASE_MS, OUTBOX, RedisOutbox, RedisSessionStore
from shared.contracts.key_registry import AuditEvent
from shared.contracts.session_tokens import session_token_id
from shared.errors import Unavailable
from shared.redis import PipelinedRedis
from tests.integration.services.session_tokens.process import environment_of, is_ready
from tests.support.doubles.registry import RegistryDouble
from tests.support.free_port import free_port
from tests.support.harness.forking.async_process import start_process
from tests.support.harness.key_registry import running_registry
from tests.support.harness.session_tokens import Service, Stack
from tests.support.waiting import becomes, until


def _created(stack: Stack) -> list[str]:
    return [event.subject for event in stack.registry.events if event.action == "session_token.created"]


async def test_a_token_that_was_acknowledged_before_a_kill_has_its_line(stack: Stack) -> None:
    port = free_port()
    process = await start_process("services.session_tokens", environment=environment_of(stack, port))
    url, headers = f"http://127.0.0.1:{port}", {"x-api-key": stack.access_key}
    await is_ready(stack.http, url)
    tokens = []
    async with stack.http.post(f"{url}/generate", json={}, headers=headers) as response:
        tokens.append((await response.json())["token"])
    stack.registry.away = True
    for _ in range(20):
        async with stack.http.post(f"{url}/generate", json={}, headers=headers) as response:
            assert response.status == 200
            tokens.append((await response.json())["token"])
    process.send_signal(signal.SIGKILL)
    await process.wait()
    stack.registry.away = False
    async with stack.copy():
        await until(lambda: len(_created(stack)) >= len(tokens))
    assert sorted(_created(stack)) == sorted(map(session_token_id, tokens))


async def test_tokens_are_created_while_the_registry_takes_no_lines_and_each_gets_one_later(
    service: Service,
) -> None:
    stack = service.stack
    await service.generate()
    stack.registry.audit_away = True
    tokens = [await service.generate() for _ in range(5)]
    await until(lambda: stack.registry.refused_batches >= 1)
    assert len(_created(stack)) <= 1
    stack.registry.audit_away = False
    await until(lambda: len(_created(stack)) == 6)
    assert set(map(session_token_id, tokens)) <= set(_created(stack))


async def test_at_its_limit_the_outbox_takes_no_more_and_no_token_is_created(stack: Stack) -> None:
    async with stack.copy(audit_outbox_limit=3) as service:
        token = await service.generate()
        await until(lambda: len(_created(stack)) == 1)
        stack.registry.audit_away = True
        for _ in range(3):
            await service.generate()
        keys = await _keys(stack)
        response, _ = await service.call("POST", "/generate", data=b"{}", x_api_key=stack.access_key)
        assert response.status == 503
        assert "Retry-After" in response.headers
        assert await _keys(stack) == keys
        assert (await service.verify(token))[0] == 200
        stack.registry.audit_away = False
        await until(lambda: len(_created(stack)) == 4)
        await service.generate()


async def test_lines_that_wait_when_the_process_ends_are_sent_by_it_or_by_the_next(stack: Stack) -> None:
    async with stack.copy() as service:
        stack.registry.audit_away = True
        tokens = [await service.generate() for _ in range(3)]
        stack.registry.audit_away = False
    # The relay may have been waiting for its next attempt: then the last attempt is that of its end.
    assert sorted(_created(stack)) == sorted(map(session_token_id, tokens))
    async with stack.copy() as service:
        stack.registry.audit_away = True
        tokens.append(await service.generate())
    stack.registry.audit_away = False
    async with stack.copy():
        await until(lambda: len(_created(stack)) == 4)
    assert sorted(_created(stack)) == sorted(map(session_token_id, tokens))


async def test_ending_a_token_fails_as_long_as_its_line_cannot_be_written(service: Service) -> None:
    token = await service.generate()
    service.stack.registry.away = True
    response, _ = await service.call("DELETE", "/verify", x_api_token=token)
    assert response.status == 503
    service.stack.registry.away = False
    assert (await service.verify(token))[0] == 200
    response, _ = await service.call("DELETE", "/verify", x_api_token=token)
    assert response.status == 204
    assert [revocation.id for revocation in service.stack.registry.revocations] == [session_token_id(token)]


@pytest.fixture
def events() -> list[AuditEvent]:
    def event(n: int) -> AuditEvent:
        id_ = f"00000000-0000-7000-8000-{n:012}"
        return AuditEvent(id=id_, action="session_token.created", actor="access_key:1", subject=str(n), at=1.0)

    return [event(n) for n in range(1200)]


async def _put(url: str, events: list[AuditEvent]) -> None:
    client = PipelinedRedis(url, timeout=10)
    store = RedisSessionStore(client)
    await asyncio.gather(*(store.put(f"{n:064}", b"", ttl=60, uses=1, event=e) for n, e in enumerate(events)))
    await client.stop()


def _relay(client: PipelinedRedis, registry: RegistryDouble, lost: list[int]) -> OutboxRelay:
    return OutboxRelay(RedisOutbox(client), registry, report_length=lambda _: None, report_lost=lost.append)


async def test_a_batch_whose_response_was_lost_is_written_once(
    redis_database: str, events: list[AuditEvent]
) -> None:
    await _put(redis_database, events)
    registry, client = RegistryDouble(), PipelinedRedis(redis_database, timeout=10)
    registry.loses_responses = 2
    relay = _relay(client, registry, [])
    for _ in range(2):
        with pytest.raises(Unavailable):
            await relay.relay()
    await relay.relay()
    assert sorted(event.subject for event in registry.events) == sorted(event.subject for event in events)
    assert await client.execute("XLEN", OUTBOX) == 0
    await client.stop()


async def test_round_ends_with_what_was_there_and_what_comes_meanwhile_goes_together_in_the_next(
    redis_database: str, events: list[AuditEvent]
) -> None:
    await _put(redis_database, events[:1100])
    client, batches = PipelinedRedis(redis_database, timeout=10), []

    class Busy(RegistryDouble):
        """While it takes one batch, one more event comes."""

        async def audit(self, events: Sequence[AuditEvent]) -> None:
            await super().audit(events)
            batches.append(len(events))
            await client.execute("XADD", OUTBOX, "*", "event", events[0].model_dump_json())

    relay = _relay(client, Busy(), [])
    assert [await relay.relay() for _ in range(2)] == [1102, 1]
    assert batches == [500, 500, 102, 1]
    await client.stop()


async def test_two_copies_that_relay_at_once_write_each_line_once(
    redis_database: str, events: list[AuditEvent]
) -> None:
    await _put(redis_database, events)
    registry, one, two = (
        RegistryDouble(),
        PipelinedRedis(redis_database, timeout=10),
        PipelinedRedis(redis_database, timeout=10),
    )
    relays = [_relay(one, registry, []), _relay(two, registry, [])]
    async with redis.asyncio.from_url(redis_database) as client:
        while await client.xlen(OUTBOX):
            # The lease ends while a copy relays, as it does when the copy is suspended: then both relay.
            await asyncio.gather(*(relay.relay() for relay in relays), client.delete(f"{OUTBOX}:relay"))
    assert sorted(event.subject for event in registry.events) == sorted(event.subject for event in events)
    await one.stop()
    await two.stop()


async def test_an_entry_that_cannot_be_read_is_counted_and_holds_up_no_other(
    redis_database: str, events: list[AuditEvent]
) -> None:
    async with redis.asyncio.from_url(redis_database) as client:
        await client.xadd(OUTBOX, {"event": "{"})
        await client.xadd(OUTBOX, {"other": "x"})
    await _put(redis_database, events[:1])
    registry, one = RegistryDouble(), PipelinedRedis(redis_database, timeout=10)
    lost: list[int] = []
    await _relay(one, registry, lost).relay()
    assert [event.subject for event in registry.events] == ["0"]
    assert lost == [2]
    await one.stop()


async def test_an_event_that_the_registry_rejects_is_counted_and_holds_up_no_other(
    redis_database: str, events: list[AuditEvent]
) -> None:
    await _put(redis_database, events[:600])
    registry, one = RegistryDouble(), PipelinedRedis(redis_database, timeout=10)
    registry.rejects = lambda event: event.subject in ("0", "300", "599")
    lost: list[int] = []
    await _relay(one, registry, lost).relay()
    assert len(registry.events) == 597
    assert sum(lost) == 3
    assert await one.execute("XLEN", OUTBOX) == 0
    await one.stop()


async def test_a_rejected_event_that_cannot_be_removed_yet_is_counted_once_it_is(
    redis_database: str, events: list[AuditEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    await _put(redis_database, events[:1])
    registry, one = RegistryDouble(), PipelinedRedis(redis_database, timeout=10)
    registry.rejects = lambda event: True
    lost: list[int] = []
    relay = _relay(one, registry, lost)
    with monkeypatch.context() as patched:
        patched.setattr(RedisOutbox, "remove", AsyncMock(side_effect=Unavailable("the store takes no writes")))
        for _ in range(3):
            with pytest.raises(Unavailable):
                await relay.relay()
    await relay.relay()
    assert lost == [1]
    await one.stop()


REJECTED = [
    '{"action":"a.b","actor":"service:session_tokens","at":1e300}',
    '{"action":"a.b","actor":"admin:x","at":1}',
    f'{{"action":"a.b","actor":"service:session_tokens","at":1,"detail":{{"n":1{"0" * 399}}}}}',
]


@pytest.mark.parametrize("entries", [*([entry] for entry in REJECTED), REJECTED])
async def test_what_the_registry_itself_rejects_holds_up_no_other_event(
    redis_database: str, registry_database_url: str, tmp_path: Path, events: list[AuditEvent], entries: list[str]
) -> None:
    one = PipelinedRedis(redis_database, timeout=10)
    for number, entry in enumerate(entries):
        await one.execute("XADD", OUTBOX, f"{number + 1}-0", "event", entry)
    await _put(redis_database, events[:3])
    lost: list[int] = []
    async with (
        running_registry(registry_database_url, tmp_path) as registry,
        registry.client("session_tokens") as client,
    ):
        await OutboxRelay(RedisOutbox(one), client, report_length=lambda _: None, report_lost=lost.append).relay()
        lines = (await registry.owner.get("/audit?action=session_token.created")).body["items"]
    assert {line["subject"] for line in lines} == {"0", "1", "2"}
    assert sum(lost) == len(entries)
    assert await one.execute("XLEN", OUTBOX) == 0
    await one.stop()


async def test_health_says_when_an_event_has_waited_for_too_long_and_when_that_is_over(stack: Stack) -> None:
    one = PipelinedRedis(stack.redis_url, timeout=10)
    async with stack.copy() as service:
        stack.registry.audit_away = True
        await service.generate()
        assert await _outbox_state(service) == "up"
        now, _ = await one.execute("TIME")
        await one.execute("DEL", OUTBOX)
        overdue = (int(now) - OVERDUE_AFTER_S - 1) * 1000
        event = AuditEvent(action="a.b", actor="service:session_tokens", at=1.0)
        await one.execute("XADD", OUTBOX, f"{overdue:.0f}-0", "event", event.model_dump_json())
        assert await _outbox_state(service) == "down"
        stack.registry.audit_away = False
        await becomes("up", functools.partial(_outbox_state, service))
    await one.stop()


async def _outbox_state(service: Service) -> str:
    report = json.loads((await service.call("GET", "/health"))[1])
    assert report["status"] == ("ok" if report["dependencies"]["audit_outbox"]["state"] == "up" else "degraded")
    state: str = report["dependencies"]["audit_outbox"]["state"]
    return state


@pytest.mark.parametrize("command", ["SET {} another", "SET {} another PX 3600000", "RPUSH {} x", "SADD {} x"])
async def test_whatever_stands_in_place_of_the_lease_stops_no_relay(
    redis_database: str, events: list[AuditEvent], command: str
) -> None:
    await _put(redis_database, events[:1])
    registry, one = RegistryDouble(), PipelinedRedis(redis_database, timeout=10)
    await one.execute(*command.format(LEASE).split())
    await _relay(one, registry, []).relay()
    assert len(registry.events) == 1
    assert 0 < await one.execute("PTTL", LEASE) <= LEASE_MS
    await one.stop()


async def test_while_another_copy_holds_the_lease_nothing_is_relayed(
    redis_database: str, events: list[AuditEvent]
) -> None:
    await _put(redis_database, events[:1])
    registry, one = RegistryDouble(), PipelinedRedis(redis_database, timeout=10)
    await one.execute("SET", LEASE, "another", "PX", LEASE_MS)
    await _relay(one, registry, []).relay()
    assert registry.events == []
    await one.stop()


@pytest.mark.parametrize(
    "command", ["SET {} x", "RPUSH {} x", "XADD {} 18446744073709551615-18446744073709551615 a b"]
)
async def test_an_outbox_that_takes_no_event_is_503_and_what_is_stored_is_still_read(
    service: Service, command: str
) -> None:
    token = await service.generate()
    await until(lambda: len(_created(service.stack)) == 1)
    one = PipelinedRedis(service.stack.redis_url, timeout=10)
    await one.execute("DEL", OUTBOX)
    await one.execute(*command.format(OUTBOX).split())
    response, _ = await service.call("POST", "/generate", data=b"{}", x_api_key=service.stack.access_key)
    assert response.status == 503
    assert "Retry-After" in response.headers
    assert await service.status_of(token) == 200
    await one.execute("DEL", OUTBOX)
    await service.generate()
    await one.stop()


async def test_the_outbox_holds_no_token_and_no_parameters(stack: Stack) -> None:
    async with stack.copy() as service:
        await service.generate()
        stack.registry.audit_away = True
        token = await service.generate(b'{"file":"hidden-file"}')
        async with redis.asyncio.from_url(stack.redis_url) as client:
            written = json.dumps([str(entry) for entry in await client.xrange(OUTBOX) or []])
        stack.registry.audit_away = False
    assert session_token_id(token) in written
    for secret in (token, stack.access_key, "hidden-file"):
        assert secret not in written


async def _keys(stack: Stack) -> set[bytes | str]:
    async with redis.asyncio.from_url(stack.redis_url) as client:
        return set(await client.keys("session_token:*"))
