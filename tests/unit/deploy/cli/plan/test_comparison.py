"""What counts as a difference between a file and the registry."""

from typing import Any

import pytest

from deploy.cli.plan.comparison import differences

RATE = {"calls": 5, "per_seconds": 1}


@pytest.mark.parametrize(
    ("declared", "existing", "differs"),
    [
        ({"name": "a"}, {"name": "a", "comment": "b"}, False),
        ({"name": "a"}, {"name": "b"}, True),
        ({"scopes": ["a", "b"]}, {"scopes": ["b", "a"]}, False),
        ({"scopes": ["a"]}, {"scopes": ["b", "a"]}, True),
        ({"expires_at": "2090-01-01T00:00:00Z"}, {"expires_at": "2090-01-01T00:00:00.000000Z"}, False),
        ({"expires_at": "2090-01-01T00:00:00Z"}, {"expires_at": None}, True),
        ({"expires_at": None}, {"expires_at": "2090-01-01T00:00:00Z"}, True),
        ({"limits": {"rate": RATE}}, {"limits": {"rate": {**RATE, "burst": 5}, "quota": None}}, False),
        ({"limits": {"rate": RATE}}, {"limits": {"rate": {**RATE, "calls": 6}}}, True),
        ({"limits": {"rate": RATE}}, {"limits": {"rate": RATE, "routes": ["site"]}}, True),
        ({"limits": None}, {"limits": None}, False),
        ({"limits": None}, {"limits": {"rate": RATE}}, True),
        ({"company": "acme"}, {}, False),
    ],
)
def test_only_what_is_declared_is_compared_and_in_its_own_way(
    declared: dict[str, Any], existing: dict[str, Any], differs: bool
) -> None:
    assert bool(differences(declared, existing)) is differs
