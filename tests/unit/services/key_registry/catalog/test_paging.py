"""Pages, cursors and filters of lists."""

import pytest
from uuid_utils.compat import uuid7

from services.key_registry.catalog.paging import (
    cursor_of_id,
    cursor_of_seq,
    filter_parser,
    page_of,
    parse_page,
    seq_of_cursor,
)
from shared.errors import Unprocessable

FILTERS = {name: filter_parser(name) for name in ("company_id", "status", "client_prefix")}


def test_without_parameters_a_page_has_fifty() -> None:
    requested = parse_page([], FILTERS)
    assert (requested.limit, requested.cursor, requested.filters) == (50, None, {})


def test_a_cursor_comes_back_as_it_was_given() -> None:
    ids = [uuid7() for _ in range(3)]
    items, cursor = page_of(ids, 2, cursor_of_id)
    assert (list(items), parse_page([("cursor", cursor or "")], {}).cursor) == (ids[:2], ids[1].bytes)
    assert page_of(ids, 3, cursor_of_id) == (ids, None)
    assert seq_of_cursor(cursor_of_seq(7)) == 7
    assert seq_of_cursor(b"\xff" * 16) == 2**63 - 1
    assert seq_of_cursor(None) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "-1"),
        ("limit", "x"),
        ("limit", ""),
        ("limit", "1.0"),
        ("limit", "²"),
        ("limit", "9" * 5000),
        ("cursor", ""),
        ("cursor", "x"),
        ("cursor", "A" * 21 + "!"),
        ("cursor", "é" * 22),
        ("cursor", "A" * 5000),
        ("company_id", "-x"),
        ("status", "gone"),
        ("client_prefix", "a\0b"),
        ("client_prefix", "x" * 256),
        ("client_prefix", "\ud800"),
        ("colour", "red"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        parse_page([(name, value)], FILTERS)
    assert [error.field for error in refused.value.errors] == [name]


def test_a_parameter_that_is_there_twice_is_refused() -> None:
    with pytest.raises(Unprocessable, match="wrong"):
        parse_page([("limit", "5"), ("limit", "5")], FILTERS)


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(Unprocessable) as refused:
        parse_page([("limit", "x"), ("status", "x")], FILTERS)
    assert [error.field for error in refused.value.errors] == ["limit", "status"]
