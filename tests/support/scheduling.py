"""How `make test` shares the tests between its processes, so that all of them are busy to the end."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

OWN_STACK = (
    "tests/e2e/test_revocation_property.py",
    "tests/e2e/deploy/test_local_stack.py",
    "tests/e2e/test_lifecycle.py",
    "tests/e2e/test_compose.py",
    "tests/e2e/test_bench_smoke.py",
)
"""End-to-end tests that do not share the session's stack. The longest is first."""
KINDS = ("tests/e2e/", "tests/integration/", "tests/contract/", "tests/unit/")
"""From the longest tests to the shortest: what is left at the end is small enough to even things out."""


def in_order(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The longest sequence of tests first, the order within a file as it is."""
    return sorted(items, key=lambda item: _rank(item.nodeid))


def _rank(nodeid: str) -> tuple[int, ...]:
    path = nodeid.partition("::")[0]
    if path in OWN_STACK:
        # The first begins at once; the shared stack's tests in the second process; the rest when one is free.
        return (0, 0) if path == OWN_STACK[0] else (0, 2 + OWN_STACK.index(path))
    kind = next((number for number, folder in enumerate(KINDS) if path.startswith(folder)), len(KINDS))
    return (kind, 1)


class StackTogether(LoadScopeScheduling):  # type: ignore[misc]  # untyped
    """A file's tests run in one process, and so do all that use the one running stack, which starts once.

    The files are begun in the order in which they were collected, and not those with the most tests first.
    """

    def __init__(self, config: pytest.Config, log: "Producer | None" = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return KINDS[0] if path.startswith(KINDS[0]) and path not in OWN_STACK else path
