"""The audit trail: what is written is what is read, hash for hash."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from services.key_registry.audit_trail.chain import START, AuditFilter, Line, verified
from tests.contract.services.key_registry.audit_events import event, write
from tests.support.harness.key_registry_stores import Stores

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
DETAILS = st.dictionaries(
    TEXTS,
    st.recursive(
        st.none()
        | st.booleans()
        | TEXTS
        | st.integers(-(2**63), 2**64 - 1)
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


async def in_order(stores: Stores) -> AsyncIterator[Line]:
    for line in await stores.lines.following(0, 10_000):
        yield line


async def test_an_empty_trail_verifies(stores: Stores) -> None:
    assert await verified(in_order(stores)) == START


async def test_lines_are_chained_across_batches(stores: Stores) -> None:
    await write(stores, event("a.created"), event("b.created"))
    await write(stores, event("c.created"))
    lines = await stores.lines.following(0, 10)
    assert [(line.seq, line.action) for line in lines] == [(1, "a.created"), (2, "b.created"), (3, "c.created")]
    assert [line.previous_hash for line in lines] == [START.hash, lines[0].hash, lines[1].hash]
    head = await verified(in_order(stores))
    assert (head.seq, head.hash) == (3, lines[2].hash)


async def test_an_event_is_written_once_however_often_and_in_whichever_batches_it_is_sent(stores: Stores) -> None:
    first, second, third = (event(f"n{n}.created", id=str(uuid7())) for n in range(3))
    await write(stores, first, second)
    await write(stores, first, second)
    await write(stores, second, third, third, event("without.id"), event("without.id"))
    await asyncio.gather(*(write(stores, third, first) for _ in range(4)))
    lines = await stores.lines.following(0, 20)
    assert [line.action for line in lines] == [
        "n0.created",
        "n1.created",
        "n2.created",
        "without.id",
        "without.id",
    ]
    assert (await verified(in_order(stores))).seq == 5


async def test_lines_are_read_in_pages(stores: Stores) -> None:
    await write(stores, *(event(f"n{n}.created") for n in range(5)))
    assert [line.seq for line in await stores.lines.following(2, 2)] == [3, 4]
    assert [line.seq for line in await stores.lines.newest(AuditFilter(), None, 2)] == [5, 4]
    assert [line.seq for line in await stores.lines.newest(AuditFilter(), 3, 9)] == [2, 1]


async def test_each_filter_narrows(stores: Stores) -> None:
    members = {
        "action": "a.created",
        "actor": "admin:1",
        "subject_kind": "company",
        "subject": "s",
        "company_id": "c",
        "request_id": "r",
    }
    now = datetime.now(UTC).replace(microsecond=0)  # a line is in the month in which it is written
    at = now.timestamp()
    await write(stores, event(**members, at=at), event("other.created", at=at + 60))

    async def found(which: AuditFilter) -> list[int]:
        return [line.seq for line in await stores.lines.newest(which, None, 9)]

    for name, value in members.items():
        assert await found(AuditFilter(**{name: value})) == [1], name  # type: ignore[arg-type]
        assert await found(AuditFilter(**{name: "?"})) == [], name  # type: ignore[arg-type]
    assert await found(AuditFilter(after=now + timedelta(seconds=1))) == [2]
    assert await found(AuditFilter(before=now + timedelta(seconds=1))) == [1]
    assert await found(AuditFilter(after=now, before=now + timedelta(seconds=61))) == [2, 1]


async def test_what_cannot_be_stored_is_replaced_and_never_loses_the_line(stores: Stores) -> None:
    await write(stores, event(subject="a\0b" + "x" * 500, detail={"z\0": "\0", "a": -0.0, "n": 1e300}))
    (line,) = await stores.lines.following(0, 9)
    assert line.subject.startswith("a\N{REPLACEMENT CHARACTER}bx")
    assert len(line.subject) == 255
    await verified(in_order(stores))


async def test_a_detail_that_is_too_large_is_left_out_and_named(stores: Stores) -> None:
    await write(stores, event(detail={"x": "y" * 70_000}))
    (line,) = await stores.lines.following(0, 9)
    assert line.detail == {"left_out": "70008 bytes"}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(details=st.lists(DETAILS, min_size=1, max_size=10), at=st.floats(0, 4e9))
async def test_any_detail_is_read_as_it_was_written_and_verifies(
    stores: Stores, details: list[dict[str, object]], at: float
) -> None:
    await write(stores, *(event(detail=detail, at=at) for detail in details))
    await verified(in_order(stores))
    newest = await stores.lines.newest(AuditFilter(), None, len(details))
    assert [line.detail for line in newest] == details[::-1]
