"""Of several addresses the first that connects is used, whichever hangs or fails, and no other stays open."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.http.calls import staggered
from shared.http.calls.connection import CallConnection
from shared.http.calls.staggered import Attempt, first_opened
from tests.support.waiting import until


class Connection(CallConnection):
    def __init__(self, name: str) -> None:
        super().__init__(asyncio.get_running_loop(), 0)
        self.name = name
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


class Addresses:
    """Attempts by name: a word that says what becomes of each."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.cancelled: list[str] = []
        self.opened: list[Connection] = []

    def attempts(self, *names: str) -> Sequence[Attempt]:
        return [lambda name=name: self._attempt(name) for name in names]  # type: ignore[misc]

    async def _attempt(self, name: str) -> CallConnection:
        self.begun.append(name)
        if name.startswith("fails"):
            raise ConnectionRefusedError(name)
        if name == "breaks":
            raise RuntimeError
        try:
            if name == "hangs":
                await asyncio.Event().wait()
            if name == "slow":
                await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        self.opened.append(Connection(name))
        return self.opened[-1]


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> Addresses:
    monkeypatch.setattr(staggered, "NEXT_AFTER_S", 0.01)
    return Addresses()


@pytest.mark.parametrize(
    ("names", "used", "begun"),
    [
        (["opens"], "opens", 1),
        (["slow"], "slow", 1),
        (["opens", "hangs"], "opens", 1),
        (["fails", "opens"], "opens", 2),
        (["fails", "fails", "opens", "hangs"], "opens", 3),
        (["hangs", "opens"], "opens", 2),
        (["hangs", "fails", "slow"], "slow", 3),
        (["slow", "hangs"], "slow", 2),
        (["slow", "fails"], "slow", 2),
    ],
)
async def test_the_first_that_opens_is_used(addresses: Addresses, names: list[str], used: str, begun: int) -> None:
    connection = await first_opened(addresses.attempts(*names))
    assert isinstance(connection, Connection)
    assert (connection.name, connection.aborted) == (used, False)
    assert addresses.begun == names[:begun]
    hanging = [name for name in names[:begun] if name == "hangs"]
    await until(lambda: addresses.cancelled == hanging)


async def test_where_all_fail_the_first_says_why(addresses: Addresses) -> None:
    with pytest.raises(ConnectionRefusedError, match="fails 1"):
        await first_opened(addresses.attempts("fails 1", "fails 2"))


async def test_what_opens_too_late_is_closed(addresses: Addresses) -> None:
    used = await first_opened(addresses.attempts("slow", "slow", "slow"))
    await until(lambda: all(connection.aborted is (connection is not used) for connection in addresses.opened))


async def test_a_fault_of_ours_is_no_address_that_failed(addresses: Addresses) -> None:
    with pytest.raises(RuntimeError):
        await first_opened(addresses.attempts("fails", "breaks", "opens"))


async def test_cancelling_ends_each_attempt(addresses: Addresses) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await first_opened(addresses.attempts("hangs", "hangs"))
    await until(lambda: addresses.cancelled == ["hangs", "hangs"])


@pytest.mark.parametrize("turns", range(8))
async def test_cancelled_at_any_moment_it_leaves_no_connection_open(addresses: Addresses, turns: int) -> None:
    opening = asyncio.create_task(first_opened(addresses.attempts("hangs", "opens")))
    while not addresses.opened:
        await asyncio.sleep(0)
    for _ in range(turns):
        await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait([opening])
    used = None if opening.cancelled() else opening.result()
    await until(lambda: addresses.opened[0].aborted or used is not None)
    assert addresses.cancelled == ["hangs"]
