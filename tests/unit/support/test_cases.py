"""A test of many cases holds for each of them, and reports all for which it does not."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.cases import each_case


def called(test: Callable[..., Any]) -> Callable[..., Any]:
    """As pytest calls it: with its fixtures alone."""
    return test


def test_each_case_is_tried_though_an_earlier_one_failed_and_all_failures_are_reported() -> None:
    tried = []

    @each_case("number", [1, 2, 3, 4])
    def test(number: int) -> None:
        tried.append(number)
        assert number % 2

    with pytest.raises(AssertionError, match="2 of 4 cases failed") as failed:
        called(test)()
    assert tried == [1, 2, 3, 4]
    assert "1 [2]: AssertionError" in str(failed.value)
    assert "3 [4]: AssertionError" in str(failed.value)
    assert isinstance(failed.value.__cause__, AssertionError)


def test_tables_on_top_of_each_other_are_multiplied_and_the_fixtures_stay() -> None:
    tried = []

    @each_case("first, second", [pytest.param(1, 2, id="a case"), (3, 4)])
    @each_case("third", [5, 6], ids=["five", "six"])
    def test(fixture: str, first: int, second: int, third: int) -> None:
        tried.append((fixture, first, second, third))

    assert list(inspect.signature(test).parameters) == ["fixture"]
    called(test)(fixture="f")
    assert tried == [("f", 1, 2, 5), ("f", 1, 2, 6), ("f", 3, 4, 5), ("f", 3, 4, 6)]


def test_a_coroutine_stays_one_and_fails_as_a_function_does() -> None:
    @each_case("number", [1, 2])
    async def test(number: int) -> None:
        await asyncio.sleep(0)
        assert number == 1

    assert inspect.iscoroutinefunction(test)
    with pytest.raises(AssertionError, match="1 of 2 cases failed"):
        asyncio.run(called(test)())


@pytest.mark.parametrize("end", [pytest.skip, pytest.fail])
def test_a_case_that_is_skipped_has_not_held(end: object) -> None:
    @each_case("number", [1])
    def test(number: int) -> None:
        end("not here")  # type: ignore[operator]

    with pytest.raises(AssertionError, match="not here"):
        called(test)()


def test_a_table_without_cases_is_refused() -> None:
    with pytest.raises(AssertionError, match="no cases"):
        each_case("number", [])
