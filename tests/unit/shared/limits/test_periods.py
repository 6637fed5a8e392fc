"""Days and months in UTC, whatever the time zone of the machine."""

from datetime import UTC, datetime

import pytest

from shared.limits.periods import period_of


def at(*time: int) -> float:
    return datetime(*time, tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("now", "day", "day_ends", "month", "month_ends"),
    [
        (at(2026, 11, 27, 23, 59, 59), "2026-11-27", at(2026, 11, 28), "2026-11", at(2026, 12, 1)),
        (at(2026, 12, 31), "2026-12-31", at(2027, 1, 1), "2026-12", at(2027, 1, 1)),
        (at(2028, 2, 29, 12), "2028-02-29", at(2028, 3, 1), "2028-02", at(2028, 3, 1)),
    ],
)
def test_a_period_ends_at_midnight_in_utc(
    now: float, day: str, day_ends: float, month: str, month_ends: float
) -> None:
    for per, name, end in (("day", day, day_ends), ("month", month, month_ends)):
        found = period_of(per, now)  # type: ignore[arg-type]
        assert (found.name, found.ends_at) == (name, end)
        assert found.began_at <= now
        assert period_of(per, found.began_at) == found  # type: ignore[arg-type]
