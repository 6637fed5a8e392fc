from datetime import UTC, datetime
from typing import Any

import pytest

from services.console.pages.stops import ago, drawn_width, impact_in_words

NOW = 1_790_000_000.0
SINCE = "2026-09-21T00:00:00Z"


def at(seconds_ago: float) -> str:
    return datetime.fromtimestamp(NOW - seconds_ago, UTC).isoformat()


def impact(**members: Any) -> dict[str, Any]:
    none = {"since": SINCE, "calls": 0, "addresses": None}
    return {
        "live_jwts": 0, "live_session_tokens": 0, "last_used_at": None, "hour": none, "day": none, "week": none,
        "dependents": [], **members,
    }  # fmt: skip


def test_impact_of_what_is_in_use_says_what_is_out_who_calls_and_what_depends_on_it() -> None:
    shown = impact(
        live_jwts=12,
        live_session_tokens=1,
        last_used_at=at(200),
        hour={"since": SINCE, "calls": 1, "addresses": 2},
        dependents=[
            {"kind": "api_token", "active": 1, "suspended": 1},
            {"kind": "access_key", "active": 0, "suspended": 0},
        ],
    )
    assert impact_in_words(shown, NOW) == [
        "12 access tokens and 1 session token that were issued with it are valid now.",
        "Last call 3 minutes ago; 1 call in the last hour from 2 addresses.",
        "Depends on it: 2 API tokens (1 suspended).",
    ]


def test_impact_of_what_nobody_uses_says_so() -> None:
    assert impact_in_words(impact(), NOW) == [
        "No access token and no session token of it is valid now.",
        "It has never been used.",
    ]
    one = impact_in_words(impact(live_jwts=1), NOW)[0]
    assert one == "1 access token that was issued with it is valid now."
    idle = impact_in_words(impact(last_used_at=at(90 * 86400)), NOW)
    assert idle[1] == "Last call 90 days ago; no call in the last 7 days."
    week = {"since": SINCE, "calls": 1234, "addresses": 1}
    assert impact_in_words(impact(last_used_at=at(7200), week=week), NOW)[1] == (
        "Last call 2 hours ago; 1,234 calls in the last 7 days from 1 address."
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "less than a minute ago"), (59, "less than a minute ago"), (60, "1 minute ago"), (86400, "1 day ago")],
)
def test_age_is_in_the_largest_whole_unit(seconds: float, words: str) -> None:
    assert ago(at(seconds), NOW) == words


def test_drawing_of_a_receipt_shows_the_fast_and_holds_the_slow() -> None:
    assert [drawn_width(ms) for ms in (None, 0.1, 500, 1e9)] == [0, 1, 50, 100]
