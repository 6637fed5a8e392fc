"""Tables for people: aligned, bounded in width, without brackets."""

from typing import Any

import pytest

from deploy.cli.tables import MAX_WIDTH, print_object, print_table, shown


def test_columns_are_aligned_and_members_of_members_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[dict[str, Any]] = [
        {"name": "a", "company": {"client_prefix": "x"}},
        {"name": "longer", "company": None},
    ]
    print_table(("name", "company.client_prefix"), rows, "none")
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["NAME    COMPANY", "a       x", "longer"]


def test_a_long_value_is_cut_for_a_person_and_stays_on_its_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_table(("key", "last"), [{"key": "a\n" * 100, "last": "b" * 100}], "none")
    first, last = capsys.readouterr().out.splitlines()[1].split("  ")
    assert (len(first), first[-1]) == (MAX_WIDTH, "…")
    assert last == "b" * 100, "the last column is never cut"


def test_a_pipe_gets_the_whole_of_a_long_value(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("key", "last"), [{"key": "a" * 100, "last": "b"}], "none")
    assert capsys.readouterr().out.splitlines()[1] == f"{'a' * 100}  b"


def test_an_empty_list_says_what_to_do_and_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name",), [], "none yet: create --help")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "none yet: create --help\n")


def test_an_object_is_a_line_for_each_member(capsys: pytest.CaptureFixture[str]) -> None:
    print_object(
        {"scopes": ["a", "b"], "expires_soon": False, "company": {"name": "x", "limits": None}, "last": None}
    )
    assert capsys.readouterr().out.splitlines() == [
        "scopes        a b",
        "expires_soon  no",
        "company       name x",
        "last",
    ]


def test_members_of_an_object_within_another_are_told_apart_from_its_own() -> None:
    limits = {"rate": {"calls": 50, "report_only": False}, "report_only": True}
    assert shown(limits) == "rate (calls 50, report_only no), report_only yes"
