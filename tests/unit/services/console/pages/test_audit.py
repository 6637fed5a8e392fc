"""Lines of the audit trail as a file."""

import csv
import io

import orjson
import pytest

from services.console.pages.audit import COLUMNS, FORMATS, csv_line, json_line

LINE = {
    "seq": 7, "at": "2026-11-27T22:00:00Z", "action": "company.created", "actor": "person:1", "actor_name": None,
    "subject_kind": "company", "subject": "2", "subject_name": 'Bla, "Bla"\nB', "company_id": "2",
    "company": {"client_prefix": "blabla", "name": "BlaBla"}, "request_id": "r", "detail": {"name": "x"},
    "previous_hash": "00", "hash": "9f", "erased": False,
}  # fmt: skip


def cells(line: bytes) -> list[str]:
    [row] = csv.reader(io.StringIO(line.decode(), newline=""))
    return row


def test_json_line_is_the_line_as_the_admin_api_has_it() -> None:
    assert orjson.loads(json_line(LINE)) == LINE
    assert json_line(LINE).count(b"\n") == 1


def test_csv_line_has_a_cell_for_each_column_whatever_is_in_it() -> None:
    row = dict(zip(COLUMNS, cells(csv_line(LINE)), strict=True))
    assert row["subject_name"] == 'Bla, "Bla"\nB'
    assert row["company"] == "blabla"
    assert row["actor_name"] == ""
    assert orjson.loads(row["detail"]) == {"name": "x"}
    assert dict(zip(COLUMNS, cells(csv_line({**LINE, "company": None})), strict=True))["company"] == "2"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_spreadsheet_calculates_what_somebody_is_called(begin: str) -> None:
    line = csv_line({**LINE, "subject_name": f"{begin}cmd|' /C calc'!A0"})
    row = dict(zip(COLUMNS, cells(line), strict=True))
    assert row["subject_name"].startswith(f"'{begin}")


def test_what_is_too_much_for_a_file_is_said_in_its_last_line() -> None:
    assert "100,000" in orjson.loads(FORMATS["jsonl"].more)["more"]
    assert cells(FORMATS["csv"].more) == [orjson.loads(FORMATS["jsonl"].more)["more"]]
