"""A command does not fail because nobody reads what it prints."""

import subprocess
import sys

import pytest

PRINTS = (
    "from shared.console import open_streams, print_line\nopen_streams()\nfor n in range(3): print_line('é%d' % n)"
)


def exit_status(redirection: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", "-c", f'"$0" -c "$1" {redirection}', sys.executable, PRINTS],
        env=environment, capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full", ">&- 2>&- <&-"])
def test_a_closed_or_full_output_is_no_reason_to_fail(redirection: str) -> None:
    assert exit_status(redirection) == (0, "")


def test_a_reader_that_has_gone_is_no_reason_to_fail() -> None:
    assert exit_status('| true; exit "${PIPESTATUS[0]}"') == (0, "")


def test_an_encoding_that_lacks_a_character_is_no_reason_to_fail() -> None:
    assert exit_status("", PYTHONIOENCODING="ascii") == (0, "")
