"""The calls of a day as a drawing and in words, and what leads to the first call."""

from typing import Any

from services.console.pages.credentials.kinds import BY_PATH
from services.console.pages.overview import Made, calls_of_day, first_steps, made_of

NOTHING = dict.fromkeys(("company", "application", "booking", "credential", "call"), False)


def overview(*hours: dict[str, Any]) -> dict[str, Any]:
    return {"as_of": "2026-11-27T22:41:03Z", "hours": hours}


def hour(at: str, accepted: int = 0, refused: int = 0, **refusals: int) -> dict[str, Any]:
    calls = {"accepted": accepted, "refused": refused, "failed": 0}
    return {"period": f"2026-11-{at}:00:00Z", "calls": calls, "refusals": refusals}


def test_day_has_every_hour_whether_there_was_a_call_or_not() -> None:
    day = calls_of_day(overview(hour("27T22", 5), hour("26T22", 2)))
    assert [each.total for each in day.hours] == [2, *[0] * 23, 5]
    assert day.periods == [
        ("Since 21:00 UTC", {"accepted": 5, "refused": 0, "failed": 0}),
        ("24 hours", {"accepted": 7, "refused": 0, "failed": 0}),
    ]


def test_refusals_are_by_cause_the_most_frequent_first() -> None:
    day = calls_of_day(
        overview(hour("27T21", refused=3, expired=1, revoked=2), hour("27T01", refused=4, expired=4))
    )
    assert day.refusals == [("expired", 1, 5), ("revoked", 2, 2)]


def test_words_say_what_the_drawing_shows() -> None:
    words = calls_of_day(overview(hour("27T22", 1200, 3), hour("27T04", 1))).words
    assert words == (
        "Calls of the last 24 hours: 1,201 accepted, 3 refused, 0 failed. "
        "The highest: 1,203 in the hour from 22:00 UTC."
    )


def test_bars_stay_within_the_drawing() -> None:
    day = calls_of_day(overview(hour("27T22", 1_000_000, 1), hour("26T22", 1)))
    assert all(bar.x >= 0 and bar.x + day.drawing.bar <= day.drawing.width for bar in day.bars())
    assert len(list(day.bars())) == 3


def test_steps_lead_to_the_first_call_and_then_are_gone() -> None:
    assert [step.done for step in first_steps(NOTHING, {})] == [False] * 5
    some = first_steps({**NOTHING, "company": True, "application": True}, {})
    assert [step.done for step in some] == [True, True, *[False] * 3]
    assert first_steps({**NOTHING, "call": True}, {}) == []


def test_a_step_that_was_taken_names_the_newest_that_it_made_and_where_that_is() -> None:
    company = {"name": "Acme", "client_prefix": "acme"}
    application = {"name": "SMS", "application_prefix": "SMS"}
    booking = {"id": "b", "company": company, "application": application}
    key = {"id": "k", "name": "server", "company": company}
    made = made_of([company], [application], [booking], [(BY_PATH["access-keys"], key)])
    steps = first_steps(dict.fromkeys(NOTHING, True) | {"call": False}, made)
    assert [step.made for step in steps] == [
        Made("Acme", "/companies/acme"),
        Made("SMS", "/applications/SMS"),
        Made("SMS for Acme", "/companies/acme/booked-applications/b"),
        Made("server of Acme", "/companies/acme/access-keys/k"),
        None,
    ]
    assert made_of([], [], [], []) == {}
