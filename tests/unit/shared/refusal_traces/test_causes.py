"""Each cause that docs/refusals.md explains belongs to a check, so that a trace names which one failed."""

import re
from pathlib import Path

from shared.refusal_traces.causes import CHECKS, ORDER, check_of, comes_after
from tests.support.cases import each_case

PAGE = (Path(__file__).resolve().parents[4] / "docs/refusals.md").read_text(encoding="utf-8")
EXPLAINED = sorted(
    {
        cause
        for cell in re.findall(r"^\| (`[a-z_]+`[^|]*)\|", PAGE, re.MULTILINE)
        for cause in re.findall(r"`([a-z_]+)`", cell)
    }
)


@each_case("cause", EXPLAINED)
def test_cause_has_a_check(cause: str) -> None:
    assert CHECKS[cause].name in ORDER
    assert CHECKS[cause].expected


def test_word_that_nobody_knows_is_about_the_request() -> None:
    assert check_of("no_such_word").name == "request"


def test_checks_before_the_one_that_failed_have_passed() -> None:
    assert comes_after("insufficient_scope", "status")
    assert not comes_after("no_credential", "credential")
