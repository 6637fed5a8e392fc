import pytest

from tests.bench.__main__ import PAGE, TURNS, parsed_plan
from tests.bench.machine import facts
from tests.bench.page import Conditions, page
from tests.bench.paths import PATHS


def test_the_page_says_what_the_machine_was_doing_and_with_what_it_was_measured() -> None:
    seen = facts()
    text = page(["## A path\n"], seen, Conditions(TURNS, {"kty": "EC", "alg": "ES256"}, 100.0))

    assert "load average before the run" in seen
    assert seen["load average before the run"] in text
    assert "signed with ES256" in text
    assert "## A path" in text


def test_only_a_whole_run_is_worth_a_page() -> None:
    assert parsed_plan([]).whole
    assert not parsed_plan(["--turns", "1"]).whole
    assert not parsed_plan(["--paths", "gateway", "new"]).whole
    assert not parsed_plan(["--no-peers"]).whole
    assert PAGE.name == "benchmarks.md"


def test_paths_are_chosen_by_name_and_measured_in_their_own_order() -> None:
    assert [path.name for path in parsed_plan(["--paths", "workers", "gateway"]).paths] == ["gateway", "workers"]
    assert len({path.name for path in PATHS}) == len(PATHS)


def test_a_path_that_is_not_known_is_refused() -> None:
    with pytest.raises(SystemExit):
        parsed_plan(["--paths", "gateways"])
