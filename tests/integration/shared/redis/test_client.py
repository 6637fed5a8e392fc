import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from shared.errors import Unavailable
from shared.redis import CommandRejected, PipelinedRedis
from shared.redis.link import Command
from tests.support.harness.proxy import FaultProxy
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until


@pytest.fixture
async def proxy(redis_database: str) -> AsyncIterator[FaultProxy]:
    url = urlsplit(redis_database)
    async with FaultProxy(url.hostname or "", url.port or 0) as proxy:
        yield proxy


@pytest.fixture
async def store(redis_database: str, proxy: FaultProxy) -> AsyncIterator[PipelinedRedis]:
    url = urlsplit(redis_database)
    credentials, _, _ = url.netloc.rpartition("@")
    store = PipelinedRedis(f"redis://{credentials}@127.0.0.1:{proxy.port}/0", timeout=0.4)
    await store.start()
    yield store
    await store.stop()


async def test_each_concurrent_command_gets_its_own_reply(redis_database: str) -> None:
    store = PipelinedRedis(redis_database, timeout=BUSY_MACHINE_LIMIT_S)
    await store.start()
    replies = await asyncio.gather(*(store.execute("ECHO", str(i)) for i in range(1000)))
    await store.stop()
    assert replies == [str(i).encode() for i in range(1000)]


async def test_replies_that_arrive_in_pieces_are_put_together(redis_database: str) -> None:
    store = PipelinedRedis(redis_database, timeout=BUSY_MACHINE_LIMIT_S)
    texts = [bytes([65 + i]) * 700_000 for i in range(8)]
    replies = await asyncio.gather(*(store.execute("ECHO", text) for text in texts))
    await store.stop()
    assert replies == texts


async def test_after_the_stop_nothing_waits_for_a_reply(store: PipelinedRedis, proxy: FaultProxy) -> None:
    await store.ping()
    proxy.swallow_responses()
    waiting = [asyncio.create_task(store.execute("ECHO", "x")) for _ in range(3)]
    await asyncio.sleep(0)
    await store.stop()
    assert all(isinstance(e, Unavailable) for e in await asyncio.gather(*waiting, return_exceptions=True))


async def test_refused_command_spoils_none_of_its_batch(store: PipelinedRedis) -> None:
    bad = asyncio.create_task(store.execute("NOSUCHCOMMAND"))
    valid = asyncio.create_task(store.execute("ECHO", "x"))
    await asyncio.wait([bad, valid])
    assert isinstance(bad.exception(), CommandRejected)
    assert valid.result() == b"x"


async def test_a_command_that_its_key_does_not_fit_is_unavailable_and_shows_nothing_of_its_arguments(
    store: PipelinedRedis,
) -> None:
    await store.execute("SET", "key", "secret")
    for command in (("LPUSH", "key", "secret"), ("EVAL", "return redis.call('XLEN', KEYS[1])", 1, "key", "secret")):
        with pytest.raises(Unavailable) as raised:
            await store.execute(*command)
        assert raised.value.detail == "valkey: WRONGTYPE"
    with pytest.raises(Unavailable) as raised:
        await store.execute("NOSUCHCOMMAND", "secret")
    assert "secret" not in raised.value.detail + raised.value.description


async def test_waiter_that_gives_up_disturbs_no_other(store: PipelinedRedis) -> None:
    await store.ping()
    given_up = asyncio.create_task(store.execute("ECHO", "a"))
    others = [asyncio.create_task(store.execute("ECHO", str(i))) for i in range(5)]
    await asyncio.sleep(0)
    given_up.cancel()
    assert await asyncio.gather(*others) == [str(i).encode() for i in range(5)]


async def test_first_command_after_the_store_came_back_is_carried_out(
    store: PipelinedRedis, proxy: FaultProxy
) -> None:
    await store.ping()
    proxy.cut()
    proxy.restore()
    await asyncio.sleep(0.05)  # for the end of the connection to arrive
    assert await store.execute("ECHO", "x") == b"x"


async def test_a_command_whose_response_was_lost_is_not_sent_again(
    store: PipelinedRedis, proxy: FaultProxy
) -> None:
    await store.ping()
    proxy.swallow_responses()
    with pytest.raises(Unavailable):
        await store.execute("INCR", "n")
    proxy.restore()
    await until(lambda: responds(store))
    assert await store.execute("GET", "n") == b"1"


@pytest.mark.parametrize("argument", ["é\0", b"\xff\r\n", "", 0, -(2**63), 10**20, 0.1, 1e-7, 1790000000.123456])
async def test_an_argument_arrives_as_it_is_and_a_number_as_python_writes_it(
    store: PipelinedRedis, argument: str | bytes | float
) -> None:
    written = argument if isinstance(argument, bytes) else str(argument).encode()
    assert await store.execute("ECHO", argument) == written


@pytest.mark.parametrize("argument", ["\ud800", None, True, {"a": 1}, object()])
async def test_a_command_that_cannot_be_encoded_fails_alone_and_shows_nothing_of_it(
    store: PipelinedRedis, argument: object
) -> None:
    others = [asyncio.create_task(store.execute("ECHO", str(i))) for i in range(5)]
    bad = asyncio.create_task(store.execute("SET", "key", argument))
    more = [asyncio.create_task(store.execute("ECHO", str(i))) for i in range(5)]
    assert await asyncio.gather(*others, *more) == 2 * [str(i).encode() for i in range(5)]
    with pytest.raises(ValueError, match=r"^an argument of SET cannot be encoded$") as raised:
        await bad
    assert raised.value.__cause__ is None


async def test_a_command_whose_connection_was_reset_before_the_response_is_not_sent_again(
    store: PipelinedRedis, proxy: FaultProxy
) -> None:
    for lost in range(1, 4):
        await until(lambda: responds(store))
        proxy.reset_at_response()
        with pytest.raises(Unavailable):
            await store.execute("INCR", "carried-out")
        await until(lambda: responds(store))
        assert await store.execute("GET", "carried-out") == str(lost).encode()


@pytest.mark.parametrize("fault", ["cut", "swallow"])
async def test_store_away_is_unavailable_within_its_timeout_and_back_by_itself(
    store: PipelinedRedis, proxy: FaultProxy, fault: str
) -> None:
    await store.ping()
    getattr(proxy, fault)()
    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
        with pytest.raises(Unavailable):
            await store.execute("INCR", "n")
    proxy.restore()
    await until(lambda: responds(store))


async def test_what_times_out_ends_the_connection_only_where_the_server_is_silent(store: PipelinedRedis) -> None:
    """A command that waited for a slow batch may time out while the server responds to its younger ones."""
    loop = asyncio.get_running_loop()
    await store.ping()
    link = store._link
    assert link is not None
    due = Command("ECHO", b"", loop.create_future())
    link.sent.append(due)
    link._heard_at = loop.time()
    assert isinstance(store._timed_out(), Unavailable)
    assert store._link is link
    assert not due.reply.done()
    link._heard_at = loop.time() - 0.4
    store._timed_out()
    assert isinstance(due.reply.exception(), Unavailable)
    assert await store.execute("ECHO", "x") == b"x"


async def test_after_the_stop_no_connection_is_opened_again(store: PipelinedRedis) -> None:
    await store.stop()
    with pytest.raises(Unavailable):
        await store.execute("ECHO", "x")
    await store.start()
    assert await store.execute("ECHO", "x") == b"x"


async def responds(store: PipelinedRedis) -> bool:
    try:
        await store.ping()
    except Unavailable:
        return False
    return True
