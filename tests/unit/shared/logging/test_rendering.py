"""Tracebacks as text: bounded, and without what is secret in them."""

import pytest

from shared.logging.redaction import MAX_TEXT_CHARACTERS, REDACTED
from shared.logging.rendering import traceback_of
from tests.support.cases import each_case

SECRET = "pgat_" + "a1" * 24 + "b"


@each_case("after", range(MAX_TEXT_CHARACTERS - 60, MAX_TEXT_CHARACTERS, 3))
def test_nothing_is_left_of_a_secret_at_the_front_of_a_traceback_that_is_cut(after: int) -> None:
    text = traceback_of(ValueError(f"{SECRET} {'y ' * (after // 2)}"))
    assert len(text) <= MAX_TEXT_CHARACTERS
    assert "a1a1" not in text


@pytest.mark.parametrize("lines", [1, 20_000])
def test_of_a_traceback_that_is_far_too_long_the_end_is_shown_or_its_kind(lines: int) -> None:
    text = traceback_of(ValueError("\n".join([f"{SECRET} {'y' * (200_000 // lines)}"] * lines)))
    assert text == "ValueError" if lines == 1 else text.endswith(f"\n{REDACTED} {'y' * 10}\n")
    assert len(text) <= MAX_TEXT_CHARACTERS
