"""What each check finds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.console.pages.needs_attention import CHECKS

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat()


def credential(**members: Any) -> dict[str, Any]:
    return {"expires_at": ago(-9), "limits": {}, "created_at": ago(100), "last_used_at": ago(1), **members}


@pytest.mark.parametrize(
    ("check", "members"),
    [
        ("never-expires", {"expires_at": None}),
        ("no-limit", {"limits": None}),
        ("idle", {"last_used_at": ago(90)}),
        ("idle", {"last_used_at": None}),
        ("no-secret", {"effective_status": "no_secret"}),
        ("two-secrets", {"versions": [{"state": "current"}, {"state": "retiring"}]}),
    ],
)
def test_a_check_finds_what_it_is_for(check: str, members: dict[str, Any]) -> None:
    found = {name for name, each in CHECKS.items() if each.finds(credential(**members), NOW)}
    assert found == {check}


def test_what_is_new_is_not_idle_though_nobody_used_it() -> None:
    assert not CHECKS["idle"].finds(credential(last_used_at=None, created_at=ago(89)), NOW)
    assert not CHECKS["idle"].finds(credential(last_used_at=ago(89.9)), NOW)


def test_a_careful_one_is_found_by_none() -> None:
    assert [
        name for name, each in CHECKS.items() if each.finds(credential(versions=[{"state": "retired"}]), NOW)
    ] == []
