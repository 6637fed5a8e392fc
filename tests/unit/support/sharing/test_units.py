"""What runs together in one process, and what begins first."""

from types import SimpleNamespace
from typing import cast

import pytest

from tests.support.sharing.units import BUSIEST, FIRST_OF_THE_STACK, OWN_STACK, WAITING, in_order, units


def test_the_tests_of_a_file_are_together_and_so_are_all_that_use_the_running_stack() -> None:
    nodeids = [
        "tests/e2e/test_tour.py::test_a",
        "tests/unit/test_x.py::test_a[1]",
        f"{OWN_STACK[0]}::test_a",
        "tests/e2e/protocols/test_operator.py::test_a",
        "tests/unit/test_x.py::test_b",
    ]
    assert units(nodeids) == [[0, 3], [1, 4], [2]]


def test_the_longest_begin_first_and_the_busiest_when_the_stacks_have_started() -> None:
    expected = [
        f"{FIRST_OF_THE_STACK}::test_a",
        "tests/e2e/test_faults.py::test_b",
        "tests/e2e/test_faults.py::test_a",
        f"{WAITING[0]}::test_a",
        f"{OWN_STACK[0]}::test_a",
        "tests/integration/deploy/cli/test_apply.py::test_a",
        f"{BUSIEST}::test_a",
        "tests/integration/gateway/test_tls.py::test_a",
        "tests/unit/test_x.py::test_a",
        "elsewhere/test_y.py::test_a",
    ]
    items = [cast(pytest.Item, SimpleNamespace(nodeid=nodeid)) for nodeid in expected]
    mixed = [*items[4:], *items[:4]]
    assert [item.nodeid for item in in_order(mixed)] == expected
