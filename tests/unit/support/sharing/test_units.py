"""What runs together in one process."""

from tests.support.sharing.units import OWN_STACK, units


def test_the_tests_of_a_file_are_together_and_so_are_all_that_use_the_running_stack() -> None:
    nodeids = [
        "tests/e2e/test_tour.py::test_a",
        "tests/unit/test_x.py::test_a[1]",
        f"{OWN_STACK[0]}::test_a",
        "tests/e2e/protocols/test_operator.py::test_a",
        "tests/unit/test_x.py::test_b",
    ]
    assert units(nodeids) == [[0, 3], [1, 4], [2]]
