"""What is written to a copy: read as it was written, and by nobody made up."""

import pytest

from services.key_registry.history.records import HistoryHead, Position, StateRecord
from services.key_registry.history.sealing import HEAD, Seal

HEAD_5 = HistoryHead(Position(5, "a mark"), 70, b"\x01" * 32, 3)
RECORDS = (
    StateRecord("api_token", "01a21de5-b7a6-7674-bce3-24c6a82ee0c3", "revoked", 4),
    StateRecord("jwt", "j i/%\N{SNOWMAN}", "revoked", 5, until=1_800_000_000.25),
    StateRecord("key_pair", "01a21de5-b7a6-7674-bce3-24c6a82ee0c4", "active", 2, ends=1_800_000_001.0),
    StateRecord("api_client", "01a21de5-b7a6-7674-bce3-24c6a82ee0c5", "active", 3, rights="0123456789abcdef"),
)
SEAL = Seal([b"k" * 32], "history")


@pytest.mark.parametrize("keys", [[], [b"k" * 32]])
def test_what_is_written_is_read(keys: list[bytes]) -> None:
    seal = Seal(keys, "history")
    assert seal.read_head(seal.head(HEAD_5)[1]) == HEAD_5
    for record in RECORDS:
        name, value = seal.record(record)
        assert (name + value).isascii()
        assert value.startswith(f"{record.seq} ")
        assert seal.read_record(name, value) == record


def test_another_key_another_history_and_another_name_are_not_valid() -> None:
    name, value = SEAL.record(RECORDS[0])
    other, _ = SEAL.record(RECORDS[2])
    assert Seal([b"x" * 32], "history").read_record(name, value) is None
    assert Seal([], "history").read_record(name, value) is None
    assert Seal([b"k" * 32], "other").read_record(name, value) is None
    assert SEAL.read_record(other, value) is None
    assert SEAL.read_head(value) is None


def test_each_altered_character_makes_a_value_invalid() -> None:
    name, value = SEAL.record(RECORDS[0])
    for position, character in enumerate(value):
        altered = value[:position] + ("x" if character != "x" else "y") + value[position + 1 :]
        assert SEAL.read_record(name, altered) is None, altered


def test_what_an_earlier_key_has_sealed_is_still_valid() -> None:
    assert Seal([b"new" * 11, b"k" * 32], "history").read_record(*SEAL.record(RECORDS[0])) == RECORDS[0]


def test_a_copy_without_a_valid_head_holds_nothing_and_invalid_records_are_left_out() -> None:
    lines = [SEAL.record(RECORDS[0]), ("jwt/forged", SEAL.record(RECORDS[1])[1]), ("cut", "")]
    assert SEAL.read_lines("file", [*lines, (HEAD, "9 forged 0 00 0 mac")]) is None
    kept = SEAL.read_lines("file", [*lines, SEAL.head(HEAD_5)])
    assert kept is not None
    assert (kept.head, kept.in_order()) == (HEAD_5, [RECORDS[0]])
