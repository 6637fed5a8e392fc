"""The hash chain: whatever is changed afterwards is found, at its first line."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta, timezone

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
        lambda line: line._replace(at=line.at + timedelta(microseconds=1)),
        lambda line: line._replace(action="x"),
        lambda line: line._replace(actor="x"),
        lambda line: line._replace(subject_kind="x"),
        lambda line: line._replace(subject="x"),
        lambda line: line._replace(company_id="x"),
        lambda line: line._replace(request_id="x"),
        lambda line: line._replace(detail={"n": 9}),
        lambda line: line._replace(hash=bytes(32)),
        lambda line: line._replace(previous_hash=bytes(32)),
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
    changed = lines[2]._replace(action="x")
    lines[2] = changed._replace(hash=changed.digest())
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


@pytest.mark.parametrize("at", [0.0, 1.5e9, 1.5e9 + 0.25, 1500000000.000001, 1500000000.999999, 253370764799.5])
def test_a_hash_is_over_canonical_json_whose_time_has_microseconds_in_utc(at: float) -> None:
    event = EVENTS[0].model_copy(update={"at": at, "id": "01a22714-0c88-7671-be95-ed273dc541ab"})
    [line] = chained(START, [event])
    detail = hashlib.sha256(f'{event.id}\n{{"n":0}}'.encode()).hexdigest()
    members = {
        **{name: getattr(line, name) for name in ("seq", "action", "actor", "subject_kind", "subject")},
        "company_id": None,
        "request_id": "",
        "previous_hash": "00" * 32,
        "detail_digest": detail,
        "at": line.at.isoformat(timespec="microseconds"),
    }
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"))
    assert line.hash == hashlib.sha256(canonical.encode()).digest()
    elsewhere = line._replace(at=line.at.astimezone(timezone(timedelta(hours=5, minutes=30))))
    assert elsewhere.digest() == line.hash
