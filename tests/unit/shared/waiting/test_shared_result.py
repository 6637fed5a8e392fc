"""What several wait for, each has as if it were alone."""

import asyncio
import errno
import gc
import traceback
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.key_registry.history.shared_reads import SharedReads
from services.key_registry.lookups import Batcher
from shared.errors import CallRejected, FieldError, Invalid, TooManyRequests, Unavailable
from shared.redis.link import Command, CommandRejected, fail
from shared.waiting.shared_result import own_exception, shared_result
from shared.waiting.single_flight import SingleFlight
from tests.support.waiting import BUSY_MACHINE_LIMIT_S


class Slotted(Exception):
    __slots__ = ("place",)

    def __init__(self, *, place: str) -> None:
        super().__init__()
        self.place = place


class OfTheSystem(OSError):
    """As aiohttp's `ClientConnectorError`: a constructor of its own, and other `args` than its base was given."""

    def __init__(self, key: str, cause: OSError) -> None:
        super().__init__(cause.errno, cause.strerror)
        self.key = key
        self.args = key, cause


class MadeOfAKeyword(Exception):
    def __new__(cls, *, place: str) -> "MadeOfAKeyword":
        return super().__new__(cls, place)

    def __init__(self, *, place: str) -> None:
        super().__init__(place)


NOT_MADE_ANEW = (ValidationError, MadeOfAKeyword)
"""Nobody keeps what they were made of: each who waits raises the shared one."""


def _not_valid() -> ValidationError:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(int).validate_python("x")
    return raised.value


def _fields(error: BaseException) -> dict[str, Any]:
    present = [name for name in dir(error) if not name.startswith("_") and hasattr(error, name)]
    return {name: getattr(error, name) for name in present if not callable(getattr(error, name))}


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("away", retry_after=7, detail="why"),
        CallRejected("away", retry_after=7),
        CommandRejected(ValueError("WRONGTYPE of key")),
        TooManyRequests("often", retry_after=3, cause="too_many_requests"),
        Invalid("two", errors=[FieldError("a", "is missing")]),
        Slotted(place="here"),
        OSError(errno.ENOENT, "absent", "/name"),
        OfTheSystem("host", OSError(errno.ECONNREFUSED, "refused")),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        ExceptionGroup("two", [ValueError("one"), KeyError("other")]),
        KeyError("name"),
        TimeoutError(),
        _not_valid(),
        MadeOfAKeyword(place="here"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_ones_own_exception_has_the_type_the_fields_and_the_text_of_the_shared_one(error: Exception) -> None:
    error.__cause__ = ValueError("cause")
    own = own_exception(error)
    assert (own is error) == isinstance(error, NOT_MADE_ANEW)
    assert (type(own), str(own), repr(own), _fields(own)) == (type(error), str(error), repr(error), _fields(error))
    assert own.__cause__ is error.__cause__


async def _of_single_flight(work: Callable[[], Awaitable[Any]]) -> list[Any]:
    flight = SingleFlight("test", work)
    return [flight.run, flight.run, flight.run]


async def _of_shared_reads(work: Callable[[], Awaitable[Any]]) -> list[Any]:
    reads = SharedReads()
    return [lambda: reads.once(work)] * 3


async def _of_batcher(work: Callable[[], Awaitable[Any]]) -> list[Any]:
    batcher = Batcher[str, str](lambda _: work())
    return [lambda key=key: batcher.get(key) for key in ("a", "a", "b")]


async def _of_redis(work: Callable[[], Awaitable[Any]]) -> list[Any]:
    commands = [Command("GET", b"", asyncio.get_running_loop().create_future()) for _ in range(3)]
    try:
        await work()
    except Exception as error:
        fail(deque(commands), error)
    return [lambda command=command: shared_result(command.reply) for command in commands]


async def _failing() -> str:
    await asyncio.sleep(0)
    raise Unavailable("away", retry_after=7)


@pytest.mark.parametrize("callers", [_of_single_flight, _of_shared_reads, _of_batcher, _of_redis])
async def test_each_who_waited_raises_an_exception_of_its_own_with_its_own_trace(callers: Any) -> None:
    async def one(wait: Callable[[], Awaitable[Any]], number: int) -> Unavailable:
        try:
            try:
                raise ValueError(number)
            except ValueError:
                await wait()
        except Unavailable as error:
            return error
        raise AssertionError("nothing was raised")

    errors = await asyncio.gather(*(one(wait, n) for n, wait in enumerate(await callers(_failing))))
    assert len({id(error) for error in errors}) == 3
    assert [error.retry_after for error in errors] == [7, 7, 7]
    for number, error in enumerate(errors):
        assert [frame.name for frame in traceback.extract_tb(error.__traceback__)].count("one") == 1
        assert [str(context) for context in _contexts(error) if isinstance(context, ValueError)] == [str(number)]
    assert "_failing" in "".join(traceback.format_exception(errors[2]))


def _contexts(error: BaseException) -> list[BaseException]:
    found = []
    while error.__context__ is not None:
        error = error.__context__
        found.append(error)
    return found


async def test_a_failure_that_nobody_waits_for_any_more_is_no_fault_of_the_loop() -> None:
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    leaver = asyncio.create_task(shared_result(future))
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.wait([leaver])
    assert not future.cancelled()
    future.set_exception(Unavailable("away"))
    await asyncio.sleep(0)
    del future
    gc.collect()
    assert leaver.cancelled()
    assert not faults


async def test_what_is_cancelled_is_cancelled_for_each() -> None:
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    waiting = [asyncio.create_task(shared_result(future)) for _ in range(2)]
    await asyncio.sleep(0)
    future.cancel()
    await asyncio.wait(waiting, timeout=BUSY_MACHINE_LIMIT_S)
    assert all(task.cancelled() for task in waiting)
