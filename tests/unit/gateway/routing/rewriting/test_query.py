"""The stored parameters become the query, exactly, and nothing that a caller adds can override one."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.rewriting.query import query_of
from gateway.routing.target import parse_target

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.dictionaries(TEXT, TEXT, max_size=8))
def test_what_is_stored_comes_out_of_the_query_exactly(stored: dict[str, str]) -> None:
    query = query_of(stored)
    assert parse_qsl(query, keep_blank_values=True, strict_parsing=False) == list(stored.items())
    assert parse_target(f"/editor?{query}").query == (query or None)


@pytest.mark.parametrize("name", ["file", "File", "FILE", "fi le"])
def test_a_callers_parameter_never_overrides_a_stored_one(name: str) -> None:
    assert query_of({"file": "a", "fi_le": "b"}, [(name, "evil"), ("page", "2")]) == "file=a&fi_le=b&page=2"


def test_an_order_is_kept() -> None:
    assert query_of({"b": "1", "a": "2"}, [("d", "3"), ("c", "4")]) == "b=1&a=2&d=3&c=4"


@pytest.mark.parametrize(
    "name",
    [
        "userId\0x",
        "userId[0]",
        "userId[x][]",
        "userId[",
        "userId]",
        "userId:int",
        "userId.x",
        " userId",
        "[userId]",
        "\uff55serId",
        "filter",
        "filter[user][x]",
        "FILTER.user",
    ],
)
def test_nor_does_one_of_which_an_upstream_reads_a_part_alone(name: str) -> None:
    stored = {"userId": "7", "filter[user]": "7"}
    assert query_of(stored, [(name, "8"), ("page[number]", "2"), ("stra\u00dfe", "3")]) == (
        "userId=7&filter%5Buser%5D=7&page%5Bnumber%5D=2&stra%C3%9Fe=3"
    )
