"""Traces of refused calls in PostgreSQL: found again, and never more bytes than were allowed."""

import random
import string
import time

import pytest

from services.key_registry.refused_calls.refusal_traces.ports import RINGS, SEGMENTS, TraceFilter
from services.key_registry.storage.postgres.refusal_traces import PostgresRefusalTraces
from shared.contracts.refusal_traces import RefusalTrace, TraceStep
from tests.contract.services.key_registry.conftest import Emptied
from tests.support.traces import trace

SEGMENT_BYTES = 10_000_000
BATCH_BYTES = 1_000_000
"""What a batch may add to a segment that has just not been full."""


@pytest.fixture
async def traces(emptied: Emptied) -> PostgresRefusalTraces:
    await emptied.empty()
    return PostgresRefusalTraces(emptied.database)


async def add(store: PostgresRefusalTraces, *traces: RefusalTrace, segment_bytes: int = SEGMENT_BYTES) -> None:
    for known in (True, False):
        found = [one for one in traces if (one.company_id is not None) is known]
        if found:
            await store.add(found, known=known, segment_bytes=segment_bytes)


async def test_request_has_its_traces_in_order(traces: PostgresRefusalTraces, emptied: Emptied) -> None:
    one = trace(1, at=time.time())
    other = one.model_copy(update={"service": "operator_validator", "company_id": "c1"})
    await add(traces, one, trace(2, at=time.time()))
    await add(traces, other)
    assert [kept.trace for kept in await traces.of_request("request-1", None, 10)] == [one, other]
    assert [kept.trace for kept in await traces.of_request("request-1", "c1", 10)] == [other]
    assert await traces.of_request("request-1", "c2", 10) == []


async def test_what_a_step_names_for_machines_is_kept(traces: PostgresRefusalTraces, emptied: Emptied) -> None:
    stopped = TraceStep(check="status", ok=False, found="stopped", found_kind="api_client", found_id="c1")
    steps = (TraceStep(check="route", ok=True, found="site"), stopped)
    await add(traces, trace(1, at=time.time(), steps=steps))
    [kept] = await traces.of_request("request-1", None, 10)
    assert kept.trace.steps == steps


async def test_lists_are_filtered_and_paged(traces: PostgresRefusalTraces, emptied: Emptied) -> None:
    at = time.time()
    found = [
        trace(n, at=at, company_id="c1" if n % 2 else None, cause="expired" if n < 4 else "revoked")
        for n in range(6)
    ]
    await add(traces, *found)
    page = await traces.newest(TraceFilter(company_id="c1", cause="expired"), None, 10)
    assert {kept.trace.request_id for kept in page} == {"request-1", "request-3"}
    numbers = [kept.number for kept in await traces.newest(TraceFilter(), None, 10)]
    assert numbers == sorted(numbers, reverse=True)
    after = await traces.newest(TraceFilter(), numbers[2], 10)
    assert [kept.number for kept in after] == numbers[3:]


async def test_trace_that_is_over_is_not_shown(traces: PostgresRefusalTraces, emptied: Emptied) -> None:
    await add(traces, trace(1, at=time.time() - 7 * 86400 - 60))
    assert await traces.of_request("request-1", None, 10) == []


async def test_flood_takes_no_more_bytes_than_allowed_and_the_newest_are_kept(
    traces: PostgresRefusalTraces, emptied: Emptied
) -> None:
    """Of strangers; what is kept of known credentials stays."""
    known, segment = trace(1, at=time.time(), company_id="c1"), 400_000
    await add(traces, known)
    text = random.Random(1)
    for batch in range(60):
        await add(
            traces,
            *(
                trace(
                    batch * 200 + n,
                    at=time.time(),
                    steps=(
                        TraceStep(check="form", ok=False, found="".join(text.choices(string.printable, k=200))),
                    ),
                )
                for n in range(100)
            ),
            segment_bytes=segment,
        )
    async with emptied.database.connection() as connection:
        sizes = [
            await connection.fetchval("SELECT pg_total_relation_size($1::regclass)", f"refusal_trace_{n}")
            for n in range(RINGS * SEGMENTS)
        ]
    assert max(sizes) < segment + BATCH_BYTES
    assert sum(sizes[SEGMENTS:]) > segment, "several segments were filled"
    newest = await traces.newest(TraceFilter(), None, 1)
    assert newest[0].trace.request_id.startswith("request-118")
    assert [kept.trace for kept in await traces.newest(TraceFilter(company_id="c1"), None, 10)] == [known]


async def test_day_without_traces_begins_a_segment_too(traces: PostgresRefusalTraces, emptied: Emptied) -> None:
    await add(traces, trace(1, at=time.time(), company_id="c1"))
    for _ in range(SEGMENTS):
        async with emptied.database.connection() as connection:
            await connection.execute("UPDATE refusal_trace_ring SET begun_at = begun_at - interval '25 hours'")
        await traces.turn()
    async with emptied.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM refusal_trace") == 0
