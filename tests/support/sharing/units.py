"""Which tests run one after the other in one process, and which of these begin first."""

from collections.abc import Sequence

import pytest

SHARED_STACK = "tests/e2e/"
"""Where the end-to-end tests are that share one stack, but for `OWN_STACK`."""
FIRST_OF_THE_STACK = "tests/e2e/test_tour.py"
"""It shows a stack that is new: a process that was killed is waited for in receipts for a while."""
BUSIEST = "tests/e2e/test_revocation_property.py"
"""It needs more than a core for a minute, as others do that start stacks of their own."""
WAITING = (
    "tests/integration/gateway/test_upstream_faults.py",
    "tests/integration/gateway/test_upstream_health.py",
    "tests/integration/gateway/test_workers.py",
    "tests/integration/gateway/test_websocket.py",
)
"""They wait more than they work, best while the shared stack starts."""
STARTING = (
    "tests/e2e/deploy/test_local_stack.py",
    "tests/e2e/test_lifecycle.py",
    "tests/e2e/test_compose.py",
    "tests/e2e/test_bench_smoke.py",
)
OWN_STACK = (*STARTING, BUSIEST)
ORDER = (
    FIRST_OF_THE_STACK,
    SHARED_STACK,
    *WAITING,
    *STARTING,
    "tests/integration/deploy/",
    BUSIEST,  # when the others have their stacks, and the tests of the shared one have come to what they wait for
    "tests/integration/",
    "tests/contract/",
    "tests/unit/",
)
"""From the longest tests to the shortest: what is left at the end is small enough to even things out."""


def in_order(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """As in `ORDER`, the order within a file as it is."""
    return sorted(items, key=lambda item: _rank(item.nodeid))


def units(nodeids: Sequence[str]) -> list[list[int]]:
    """Indexes of tests, those of a file together; so are all that use the one running stack, which starts once."""
    found: dict[str, list[int]] = {}
    for index, nodeid in enumerate(nodeids):
        path = nodeid.partition("::")[0]
        shares_the_stack = path.startswith(SHARED_STACK) and path not in OWN_STACK
        found.setdefault(SHARED_STACK if shares_the_stack else path, []).append(index)
    return list(found.values())


def _rank(nodeid: str) -> int:
    """The place of what names it most closely."""
    places = [place for place in ORDER if nodeid.startswith(place)]
    return ORDER.index(max(places, key=len)) if places else len(ORDER)
