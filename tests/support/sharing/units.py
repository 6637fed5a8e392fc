"""Which tests run one after the other in one process, and which of these begin first."""

from collections.abc import Sequence

import pytest

OWN_STACK = (
    "tests/e2e/test_revocation_property.py",
    "tests/e2e/deploy/test_local_stack.py",
    "tests/e2e/test_lifecycle.py",
    "tests/e2e/test_compose.py",
    "tests/e2e/test_bench_smoke.py",
)
"""End-to-end tests that do not share the session's stack. The longest is first."""
FIRST_OF_THE_STACK = "tests/e2e/test_tour.py"
"""It shows a stack that is new: a process that was killed is waited for in receipts for a while."""
KINDS = ("tests/e2e/", "tests/integration/", "tests/contract/", "tests/unit/")
"""From the longest tests to the shortest: what is left at the end is small enough to even things out."""


def in_order(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The longest sequence of tests first, the order within a file as it is."""
    return sorted(items, key=lambda item: _rank(item.nodeid))


def units(nodeids: Sequence[str]) -> list[list[int]]:
    """Indexes of tests, those of a file together; so are all that use the one running stack, which starts once."""
    found: dict[str, list[int]] = {}
    for index, nodeid in enumerate(nodeids):
        path = nodeid.partition("::")[0]
        shares_the_stack = path.startswith(KINDS[0]) and path not in OWN_STACK
        found.setdefault(KINDS[0] if shares_the_stack else path, []).append(index)
    return list(found.values())


def _rank(nodeid: str) -> tuple[int, ...]:
    path = nodeid.partition("::")[0]
    if path == FIRST_OF_THE_STACK:
        return (0, 0, 1)
    if path in OWN_STACK:
        # The first begins at once; the shared stack's tests in the second process; the rest when one is free.
        return (0, 0) if path == OWN_STACK[0] else (0, 2 + OWN_STACK.index(path))
    kind = next((number for number, folder in enumerate(KINDS) if path.startswith(folder)), len(KINDS))
    return (kind, 1)
