"""The days on which credentials end, as calendars."""

from datetime import date
from typing import Any

from services.console.pages.credentials.expiries import CALENDAR_DAYS, credentials_of, months_of

TODAY = date(2026, 11, 27)


def test_every_day_that_is_looked_at_is_in_one_month_once() -> None:
    months = months_of([], TODAY)
    assert [month.name for month in months] == ["November 2026", "December 2026", "January 2027", "February 2027"]
    cells = [cell for month in months for week in month.weeks for cell in week if cell is not None]
    shown = [cell.day for cell in cells if cell.shown]
    assert len(shown) == len(set(shown)) == CALENDAR_DAYS
    assert (shown[0], shown[-1]) == (TODAY, date(2027, 2, 24))
    assert len({cell.day for cell in cells}) == len(cells) == 30 + 31 + 31 + 28


def test_weeks_are_seven_days_from_monday_on() -> None:
    for month in months_of([], TODAY):
        assert {len(week) for week in month.weeks} == {7}
        for week in month.weeks:
            assert all(cell is None or cell.day.weekday() == number for number, cell in enumerate(week))


def test_each_day_has_its_count() -> None:
    months = months_of([{"day": "2026-12-05", "credentials": 3}], TODAY)
    counted = {
        cell.day: cell.credentials for m in months for week in m.weeks for cell in week if cell and cell.credentials
    }
    assert counted == {date(2026, 12, 5): 3}


def test_each_credential_has_the_name_that_its_kind_is_known_by() -> None:
    items: list[dict[str, Any]] = [
        {"kind": "api_token", "name": "Shop"},
        {"kind": "key_pair", "name": "kp_x"},
        {"kind": "access_key", "name": None, "id": "1"},
    ]
    assert [(kind.path, kind.label(item)) for kind, item in credentials_of(items)] == [
        ("api-tokens", "Shop"),
        ("key-pairs", "kp_x"),
        ("access-keys", "1"),
    ]
