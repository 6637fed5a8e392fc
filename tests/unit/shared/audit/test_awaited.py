import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from shared.audit.awaited import AwaitedLines
from shared.audit.delivery import MAX_BATCH
from shared.contracts.key_registry import AuditEvent
from shared.errors import Unavailable
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until


class Sink:
    """`respond` is cleared to hold responses back."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.away = False
        self.respond = asyncio.Event()
        self.respond.set()

    async def audit(self, events: Sequence[AuditEvent]) -> None:
        self.batches.append([event.action for event in events])
        await self.respond.wait()
        if self.away:
            raise Unavailable


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
async def lines(sink: Sink) -> AsyncIterator[AwaitedLines]:
    async with running(AwaitedLines(sink, timeout=BUSY_MACHINE_LIMIT_S)) as lines:
        yield lines


@asynccontextmanager
async def running(lines: AwaitedLines) -> AsyncIterator[AwaitedLines]:
    await lines.task.start()
    try:
        yield lines
    finally:
        await lines.task.stop()


def event(action: str) -> AuditEvent:
    return AuditEvent(action=action, actor="service:token_issuer", at=0.0)


async def test_what_is_begun_is_sent_once_somebody_awaits_a_line_and_all_together(
    sink: Sink, lines: AwaitedLines
) -> None:
    begun = [lines.begin(event(str(number))) for number in range(5)]
    await asyncio.sleep(0.01)
    assert sink.batches == []
    await begun[3].durable()
    assert sink.batches == [["0", "1", "2", "3", "4"]]
    for line in begun:
        await line.durable()
    assert len(sink.batches) == 1


async def test_what_was_begun_while_a_batch_was_under_way_is_in_the_next(sink: Sink, lines: AwaitedLines) -> None:
    sink.respond.clear()
    first = asyncio.create_task(lines.begin(event("first")).durable())
    await until(lambda: sink.batches)
    second = asyncio.create_task(lines.begin(event("second")).durable())
    await asyncio.sleep(0)
    assert not second.done()
    sink.respond.set()
    await asyncio.gather(first, second)
    assert sink.batches == [["first"], ["second"]]


async def test_more_than_a_batch_that_are_awaited_at_once_are_all_durable(sink: Sink, lines: AwaitedLines) -> None:
    begun = [lines.begin(event(str(number))) for number in range(2 * MAX_BATCH + 1)]
    await asyncio.gather(*(line.durable() for line in begun))
    assert [len(batch) for batch in sink.batches] == [MAX_BATCH, MAX_BATCH, 1]


async def test_a_withdrawn_line_is_not_sent(sink: Sink, lines: AwaitedLines) -> None:
    withdrawn, line = lines.begin(event("withdrawn")), lines.begin(event("done"))
    withdrawn.withdraw()
    await line.durable()
    assert sink.batches == [["done"]]
    withdrawn.withdraw()  # for nothing, and without harm


async def test_who_awaits_a_line_only_after_its_batch_has_failed_is_told(sink: Sink, lines: AwaitedLines) -> None:
    sink.away = True
    first, second = lines.begin(event("first")), lines.begin(event("second"))
    for line in (first, second):
        with pytest.raises(Unavailable):
            await line.durable()
    assert sink.batches == [["first", "second"]]


async def test_a_line_that_nobody_waits_for_any_more_is_not_sent(sink: Sink) -> None:
    sink.respond.clear()
    async with running(AwaitedLines(sink, timeout=0.1)) as lines:
        hung = asyncio.create_task(lines.begin(event("hung")).durable())
        await until(lambda: sink.batches)
        with pytest.raises(Unavailable):
            await lines.begin(event("given up")).durable()
        with pytest.raises(Unavailable):
            await hung
        sink.respond.set()
        lines.begin(event("next"))
        await lines.send_all()
    assert sink.batches == [["hung"], ["next"]]


async def test_who_awaits_a_line_that_is_under_way_gets_its_end(sink: Sink, lines: AwaitedLines) -> None:
    sink.respond.clear()
    first, second = lines.begin(event("first")), lines.begin(event("second"))
    waiting = asyncio.create_task(first.durable())
    await until(lambda: sink.batches)
    waiting_too = asyncio.create_task(second.durable())
    await asyncio.sleep(0)
    sink.respond.set()
    await asyncio.gather(waiting, waiting_too)
    assert sink.batches == [["first", "second"]]


async def test_after_the_close_nothing_is_begun_and_nobody_waits(sink: Sink, lines: AwaitedLines) -> None:
    line = lines.begin(event("late"))
    lines.close()
    with pytest.raises(Unavailable):
        await line.durable()
    with pytest.raises(Unavailable):
        lines.begin(event("later"))
    assert sink.batches == []
