"""A detail can be erased and the chain still verifies; nothing else of a line can be changed with it."""

from typing import Any

import pytest

from services.key_registry.audit_trail.chain import START, BrokenTrail, ChainCheck, Head, Line, chained
from shared.contracts.key_registry import AuditEvent

EVENTS = [
    AuditEvent(action=f"a{n}.created", actor="admin:1", at=1.5e9 + n, detail={"name": f"n{n}"}) for n in range(5)
]


def head_of(lines: list[Line]) -> Head:
    check = ChainCheck(START)
    for line in lines:
        check.add(line)
    return check.end()


def of_0_1() -> list[Line]:
    """A trail whose hashes are over the details, as release 0.1.0 wrote them."""
    lines: list[Line] = []
    for line in chained(START, EVENTS):
        line = line._replace(previous_hash=lines[-1].hash if lines else START.hash, event_id=None)
        lines.append(line._replace(hash=line.digest_of_0_1()))
    return lines


def test_a_trail_verifies_as_before_when_details_are_erased() -> None:
    lines = list(chained(START, EVENTS))
    head = head_of(lines)
    lines[1:4] = [line.without_detail() for line in lines[1:4]]
    assert head_of(lines) == head
    assert all((line.detail, line.event_id) == ({}, None) for line in lines[1:4])
    assert [line.without_detail() for line in lines[1:4]] == lines[1:4]


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "x"},
        {"company_id": "x"},
        {"detail": {"name": "x"}},
        {"erased_detail": bytes(32)},
        {"erased_detail": b""},
    ],
)
def test_nothing_else_can_be_changed_with_an_erased_detail(change: dict[str, Any]) -> None:
    lines = list(chained(START, EVENTS))
    lines[2] = lines[2].without_detail()._replace(**change)
    if change == {"detail": {"name": "x"}}:
        lines[2] = lines[2]._replace(erased_detail=None)
    with pytest.raises(BrokenTrail, match="line 3"):
        head_of(lines)


def test_what_was_erased_cannot_be_found_by_trying() -> None:
    """Of two lines that tell the same, the digests differ: each is with an id that is erased with its detail."""
    first, second = chained(START, [EVENTS[0], EVENTS[0]])
    assert first.detail_digest() != second.detail_digest()


def test_lines_of_release_0_1_0_verify_also_when_their_details_are_erased() -> None:
    lines = of_0_1()
    head = head_of(lines)
    lines[2] = lines[2].without_detail()
    assert head_of(lines) == head
    lines += chained(head, EVENTS)
    assert head_of(lines).seq == 10


def test_no_line_of_0_1_0_follows_one_of_a_later_release() -> None:
    """Otherwise whoever can write to the database could take any line for one of 0.1.0 whose detail was erased."""
    lines = [*of_0_1()]
    lines += chained(head_of(lines), EVENTS)
    lines[7] = lines[7]._replace(actor="x", detail={}, event_id=None, erased_detail=b"")
    with pytest.raises(BrokenTrail, match="line 8"):
        head_of(lines)
