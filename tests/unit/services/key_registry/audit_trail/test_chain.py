"""The hash chain: whatever is changed afterwards is found, at its first line."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from services.key_registry.audit_trail.chain import START, BrokenTrail, Line, chained, verified
from shared.contracts.key_registry import AuditEvent
from shared.errors import Unprocessable

EVENTS = [AuditEvent(action=f"a{n}.created", actor="admin:1", at=1.5e9 + n, detail={"n": n}) for n in range(5)]


async def following(lines: Sequence[Line]) -> AsyncIterator[Line]:
    for line in lines:
        yield line


async def test_a_trail_as_it_was_written_verifies() -> None:
    lines = list(chained(START, EVENTS))
    head = await verified(following(lines))
    assert (head.seq, head.hash) == (5, lines[-1].hash)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: replace(line, at=line.at + timedelta(microseconds=1)),
        lambda line: replace(line, action="x"),
        lambda line: replace(line, actor="x"),
        lambda line: replace(line, subject_kind="x"),
        lambda line: replace(line, subject="x"),
        lambda line: replace(line, company_id="x"),
        lambda line: replace(line, request_id="x"),
        lambda line: replace(line, detail={"n": 9}),
        lambda line: replace(line, hash=bytes(32)),
        lambda line: replace(line, previous_hash=bytes(32)),
    ],
)
async def test_any_member_that_is_changed_breaks_the_trail_there(change: Callable[[Line], Line]) -> None:
    lines = list(chained(START, EVENTS))
    lines[2] = change(lines[2])
    with pytest.raises(BrokenTrail) as broken:
        await verified(following(lines))
    assert broken.value.seq == 3


async def test_a_line_that_is_changed_with_its_hash_breaks_the_next() -> None:
    lines = list(chained(START, EVENTS))
    changed = replace(lines[2], action="x")
    lines[2] = replace(changed, hash=changed.digest())
    with pytest.raises(BrokenTrail) as broken:
        await verified(following(lines))
    assert broken.value.seq == 4


@pytest.mark.parametrize("missing", [0, 2, 3])
async def test_a_line_that_is_missing_is_named(missing: int) -> None:
    lines = list(chained(START, EVENTS))
    del lines[missing]
    with pytest.raises(BrokenTrail) as broken:
        await verified(following(lines))
    assert broken.value.seq == missing + 1


@pytest.mark.parametrize("at", [-1.0, 1e18, float("inf"), float("nan")])
def test_a_time_that_is_none_is_refused(at: float) -> None:
    with pytest.raises(Unprocessable):
        list(chained(START, [AuditEvent(action="a.created", actor="x", at=at)]))
