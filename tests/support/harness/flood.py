"""A flood of refused requests, and what an application in this process writes about it."""

import asyncio
import io
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import structlog

from shared import logging
from shared.audit.refusals import ACTION, LINES_PER_CREDENTIAL
from shared.contracts.key_registry import AuditEvent
from shared.logging.sampling import BURST_LINES, Sampler
from shared.logging.sink import LogSink
from tests.support.waiting import BUSY_MACHINE_LIMIT_S

REQUESTS = 300
AT_ONCE = 50

Send = Callable[[int], Awaitable[int]]
"""Sends the request of this number, and returns the status of the response."""


class Log:
    """The lines written so far. Its clock stands still, so that each kind of line has what one burst admits."""

    def __init__(self) -> None:
        self._stream = io.BytesIO()
        self.sink = LogSink(self._stream, lambda *_: b"")
        self.sampler, self.error_sampler = Sampler(lambda: 0.0), Sampler(lambda: 0.0)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]

    def assert_bounded(self) -> None:
        """No kind of line is there more often than a burst: kinds are events, and causes of requests on a route."""
        kinds = Counter(
            (line["event"], line.get("code"), line.get("route"), line.get("status"), line.get("cause"))
            for line in self.lines
        )
        assert len(self.lines) < REQUESTS
        assert max(kinds.values()) <= BURST_LINES, kinds.most_common(3)


@contextmanager
def recorded_log() -> Iterator[Log]:
    log = Log()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("sink", "sampler", "error_sampler"):
            patch.setattr(logging._log, name, getattr(log, name))
        structlog.configure(
            processors=[logging._line],
            wrapper_class=structlog.make_filtering_bound_logger(20),
            logger_factory=logging._Logger,
            cache_logger_on_first_use=False,
        )
        try:
            yield log
        finally:
            structlog.reset_defaults()


async def flood(*sends: Send) -> Counter[int]:
    """`REQUESTS` requests, each kind of them in its turn; the statuses of the responses."""
    statuses: Counter[int] = Counter()
    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
        for start in range(0, REQUESTS, AT_ONCE):
            numbers = range(start, start + AT_ONCE)
            statuses.update(await asyncio.gather(*(_judged(sends[n % len(sends)], n) for n in numbers)))
    return statuses


async def _judged(send: Send, number: int) -> int:
    """On a busy machine a store may be too slow for a request: a 503 judges nothing, and is tried again."""
    while (status := await send(number)) == 503:
        await asyncio.sleep(0.05)
    return status


def assert_counted(events: Sequence[AuditEvent]) -> set[tuple[str, str]]:
    """One line for all that strangers sent; returns its causes and endpoints."""
    [line] = events
    assert (line.action, line.subject_kind, line.detail["count"]) == (ACTION, "unknown_credential", REQUESTS)
    assert len({source["client"] for source in line.detail["sources"]}) == 1
    return {(source["cause"], source["endpoint"]) for source in line.detail["sources"]}


def assert_lines_and_a_count(events: Sequence[AuditEvent], action: str) -> None:
    """Lines of one known credential up to the bound, and the number of the others."""
    assert Counter(event.action for event in events) == {action: LINES_PER_CREDENTIAL, ACTION: 1}
    assert events[-1].detail["count"] == REQUESTS - LINES_PER_CREDENTIAL
