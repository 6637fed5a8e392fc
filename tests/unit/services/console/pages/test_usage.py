"""The calls of a week, as a drawing and in words."""

from datetime import date
from typing import Any

from services.console.pages.usage import DRAWING, first_day, week_of

FIRST = date(2026, 11, 21)


def item(day: int, accepted: int = 0, refused: int = 0, failed: int = 0, **refusals: int) -> dict[str, Any]:
    calls = {"accepted": accepted, "refused": refused, "failed": failed}
    return {"period": f"2026-11-{day}T00:00:00Z", "calls": calls, "refusals": refusals}


def test_a_week_ends_with_today_in_utc() -> None:
    assert first_day(1795823999.0) == FIRST  # 2026-11-27T23:59:59Z
    assert first_day(1795824000.0) == date(2026, 11, 22)


def test_days_without_a_call_are_days_of_none() -> None:
    week = week_of([item(27, 5), item(21, 1)], FIRST)
    assert [day.calls["accepted"] for day in week.days] == [1, 0, 0, 0, 0, 0, 5]
    assert week.totals == {"accepted": 6, "refused": 0, "failed": 0}


def test_the_scale_is_the_busiest_day() -> None:
    assert week_of([item(27, 5, 1), item(21, 1)], FIRST).highest == 6
    assert week_of([], FIRST).highest == 0


def test_what_is_not_of_the_week_is_left_out() -> None:
    assert week_of([item(20, 5), item(28, 5)], FIRST).total == 0


def test_refusals_are_by_cause_the_most_frequent_first() -> None:
    week = week_of([item(27, refused=3, expired=1, revoked=2), item(26, refused=4, expired=4)], FIRST)
    assert week.refusals == [("expired", 5), ("revoked", 2)]


def test_each_outcome_is_seen_however_rare_it_is_and_nothing_leaves_the_drawing() -> None:
    bars = list(week_of([item(27, 1_000_000, 1, 1), item(21, 1)], FIRST).bars())
    assert [bar.outcome for bar in bars] == ["accepted", "accepted", "refused", "failed"]
    assert all(bar.height >= 2 and 0 <= bar.y <= DRAWING.height - bar.height for bar in bars)


def test_words_say_what_the_drawing_shows() -> None:
    words = week_of([item(27, 1200, 3), item(22, 1)], FIRST).words
    assert words == (
        "Calls of the last 7 days: 1,201 accepted, 3 refused, 0 failed. The highest: 1,203 on 2026-11-27."
    )


def test_a_week_without_a_call_has_no_bar() -> None:
    assert list(week_of([], FIRST).bars()) == []
