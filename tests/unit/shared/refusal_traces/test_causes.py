"""Each cause that docs/refusals.md explains belongs to a check, so that a trace names which one failed."""

from shared.refusal_traces.causes import CHECKS, ORDER, check_of, comes_after
from tests.support.cases import each_case
from tests.support.refusals_page import explained_causes


@each_case("cause", explained_causes())
def test_cause_has_a_check(cause: str) -> None:
    assert CHECKS[cause].name in ORDER
    assert CHECKS[cause].expected


def test_word_that_nobody_knows_is_about_the_request() -> None:
    assert check_of("no_such_word").name == "request"


def test_checks_before_the_one_that_failed_have_passed() -> None:
    assert comes_after("insufficient_scope", "status")
    assert not comes_after("no_credential", "credential")
