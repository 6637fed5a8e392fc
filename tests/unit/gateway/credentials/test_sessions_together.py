"""Tokens of calls at one time are asked about together, each gets its own response, and none waits for long."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from gateway.credentials.sessions_together import SessionsTogether
from shared.contracts.session_tokens import MALFORMED, MAX_TOGETHER, RefusedSession, ResolvedSession
from shared.errors import Unavailable
from shared.logging import request_id
from tests.support.waiting import until

UNKNOWN = RefusedSession("unknown", noted=False)


def token(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def session(of: str) -> ResolvedSession:
    return ResolvedSession(
        parameters={}, company="blabla", company_id="c", access_key_id="k", token_id=of, expires_at=1_800_000_000
    )


class Client:
    def __init__(self) -> None:
        self.together: list[list[str]] = []
        """What was asked about in one call each."""
        self.request_ids: list[str] = []
        self.alone: list[tuple[str, bool, bool]] = []
        self.good: set[str] = set()
        self.hanging: asyncio.Event | None = None
        """What the next call waits for."""
        self.error: Exception | None = None
        self.left_out = 0
        """Responses that are missing."""

    async def resolve(
        self, token: str, *, peek: bool = False, defer_use: bool = False
    ) -> ResolvedSession | RefusedSession:
        self.alone.append((token, peek, defer_use))
        return UNKNOWN if len(token) == 36 else MALFORMED

    async def resolve_together(self, presented: Sequence[tuple[str, str]]) -> Sequence[ResolvedSession | None]:
        tokens = [token for token, _ in presented]
        self.together.append(tokens)
        self.request_ids += [request_id for _, request_id in presented]
        if (hanging := self.hanging) is not None:
            self.hanging = None
            await hanging.wait()
        if self.error is not None:
            raise self.error
        return [session(each) if each in self.good else None for each in tokens[self.left_out :]]


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
async def sessions(client: Client) -> AsyncIterator[SessionsTogether]:
    sessions = SessionsTogether(client)
    await sessions.start()
    yield sessions
    await sessions.stop()


async def test_the_tokens_of_one_turn_are_one_call_and_each_gets_its_own_response(
    client: Client, sessions: SessionsTogether
) -> None:
    client.good = {token(n) for n in (0, 2, 3)}
    found = await asyncio.gather(*(sessions.resolve(token(n), defer_use=True) for n in range(4)))
    assert client.together == [[token(n) for n in range(4)]]
    assert found == [session(token(0)), UNKNOWN, session(token(2)), session(token(3))]
    assert client.alone == [(token(1), False, True)]


async def test_each_token_goes_with_the_id_of_its_own_request(client: Client, sessions: SessionsTogether) -> None:
    async def call(number: int) -> None:
        request_id.set(f"{number:032}")
        await sessions.resolve(token(number), defer_use=True)

    await asyncio.gather(*map(call, range(3)))
    assert client.request_ids == [f"{number:032}" for number in range(3)]


async def test_a_token_in_capitals_is_asked_about_as_it_is_stored(
    client: Client, sessions: SessionsTogether
) -> None:
    client.good = {"abcdefab-0000-4000-8000-000000000000"}
    found = await sessions.resolve("ABCDEFAB-0000-4000-8000-000000000000", peek=True)
    assert isinstance(found, ResolvedSession)


async def test_a_use_is_taken_by_a_call_of_its_own(client: Client, sessions: SessionsTogether) -> None:
    client.good = {token(1)}
    await sessions.resolve(token(1))
    assert (client.together, client.alone) == ([], [(token(1), False, False)])


@pytest.mark.parametrize("sent", ["", "x", "pgat_x", "\ud800", f"{token(1)} "])
async def test_what_has_not_the_form_of_a_token_is_in_no_call_with_others(
    client: Client, sessions: SessionsTogether, sent: str
) -> None:
    assert await sessions.resolve(sent, defer_use=True) == MALFORMED
    assert client.together == []


async def test_what_comes_during_a_call_goes_together_once_it_is_over(
    client: Client, sessions: SessionsTogether
) -> None:
    client.hanging = hanging = asyncio.Event()
    first = asyncio.create_task(sessions.resolve(token(1), peek=True))
    await until(lambda: client.together)
    asyncio.get_running_loop().call_soon(hanging.set)
    await asyncio.gather(*(sessions.resolve(token(n), peek=True) for n in (2, 3)))
    assert client.together == [[token(1)], [token(2), token(3)]]
    await first


async def test_a_call_that_hangs_holds_up_no_other_token(client: Client, sessions: SessionsTogether) -> None:
    client.good, client.hanging = {token(2)}, asyncio.Event()
    hanging = asyncio.create_task(sessions.resolve(token(1), peek=True))
    await until(lambda: client.together)
    assert await sessions.resolve(token(2), peek=True) == session(token(2))
    hanging.cancel()


async def test_no_more_go_together_than_the_service_takes(client: Client, sessions: SessionsTogether) -> None:
    await asyncio.gather(*(sessions.resolve(token(n), peek=True) for n in range(MAX_TOGETHER * 2 + 1)))
    assert [len(tokens) for tokens in client.together] == [MAX_TOGETHER, MAX_TOGETHER, 1]


async def test_whoever_has_left_is_not_asked_for_and_takes_nobody_along(
    client: Client, sessions: SessionsTogether
) -> None:
    client.good = {token(1), token(2)}
    client.hanging = hanging = asyncio.Event()
    calls = [asyncio.create_task(sessions.resolve(token(n), peek=True)) for n in (1, 2)]
    await until(lambda: client.together)
    calls.append(asyncio.create_task(sessions.resolve(token(3), peek=True)))
    await asyncio.sleep(0)
    calls[0].cancel()
    calls[2].cancel()
    await asyncio.sleep(0)
    hanging.set()
    assert await calls[1] == session(token(2))
    assert client.together == [[token(1), token(2)]]


@pytest.mark.parametrize(
    "error", [Unavailable("away", retry_after=3, detail="why"), RuntimeError("a fault of ours")]
)
async def test_a_call_that_fails_fails_for_all_that_it_was_for_each_with_an_exception_of_its_own(
    client: Client, sessions: SessionsTogether, error: Exception
) -> None:
    client.error = error
    calls = (sessions.resolve(token(n), peek=True) for n in range(3))
    raised = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(each) for each in raised} == {type(error)}
    assert len({id(each) for each in (*raised, error)}) == 4
    for each in raised:
        if isinstance(each, Unavailable):
            assert (each.description, each.retry_after, each.detail) == ("away", 3, "why")
        else:
            assert isinstance(each, RuntimeError)
            assert each.__cause__ is error, "the log shows where the fault is"
    client.error = None
    assert await sessions.resolve(token(1), peek=True) == UNKNOWN


async def test_of_too_few_responses_nobody_gets_one_that_may_be_anothers_and_nobody_goes_on_waiting(
    client: Client, sessions: SessionsTogether
) -> None:
    client.good, client.left_out = {token(n) for n in range(3)}, 1
    calls = (sessions.resolve(token(n), peek=True) for n in range(3))
    raised = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)
    assert [type(each) for each in raised] == [RuntimeError] * 3


@pytest.mark.parametrize("begun", [True, False])
async def test_a_call_that_is_cancelled_leaves_nobody_waiting(
    client: Client, sessions: SessionsTogether, begun: bool
) -> None:
    client.hanging = asyncio.Event()
    calls = [asyncio.create_task(sessions.resolve(token(n), peek=True)) for n in range(2)]
    await until(lambda: client.together if begun else sessions._calls)
    (under_way,) = sessions._calls
    under_way.cancel()
    raised = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)
    assert [type(each) for each in raised] == [Unavailable] * 2
    assert raised[0] is not raised[1]
    client.hanging = None
    assert await sessions.resolve(token(1), peek=True) == UNKNOWN


async def test_its_stop_ends_what_is_under_way_and_leaves_nobody_waiting(
    client: Client, sessions: SessionsTogether
) -> None:
    client.hanging = asyncio.Event()
    calls = [asyncio.create_task(sessions.resolve(token(1), peek=True))]
    await until(lambda: client.together)
    calls.append(asyncio.create_task(sessions.resolve(token(2), peek=True)))
    await asyncio.sleep(0)
    (under_way,) = sessions._calls
    await asyncio.wait_for(sessions.stop(), 5)
    assert under_way.cancelled()
    raised = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)
    assert [type(each) for each in raised] == [Unavailable] * 2
    with pytest.raises(Unavailable):
        await sessions.resolve(token(3), peek=True)
    assert client.together == [[token(1)]]


async def test_a_stop_with_nothing_under_way_is_over_at_once(sessions: SessionsTogether) -> None:
    await sessions.stop()
    await sessions.stop()
