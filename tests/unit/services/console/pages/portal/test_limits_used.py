"""What of each limit is used: of the company all calls, of a credential its own."""

from typing import Any

from services.console.pages.portal.limits_used import Quota, limited, most_called, starts, used_by


def usage(credential_id: str | None, route: str = "site", **calls: int) -> dict[str, Any]:
    return {
        "credential_id": credential_id,
        "route": route,
        "calls": {"accepted": 0, "refused": 0, "failed": 0, **calls},
    }


def test_periods_begin_with_the_day_and_the_month_in_utc() -> None:
    assert starts(1795813241.0) == {"day": "2026-11-27T00:00:00Z", "month": "2026-11-01T00:00:00Z"}


def test_refused_calls_use_nothing_up_and_a_company_has_the_sum() -> None:
    used = used_by(
        {
            "day": [usage("k", accepted=3, failed=1, refused=9)],
            "month": [usage("k", accepted=10), usage(None, accepted=5)],
        }
    )
    assert used["k"] == {"day": 4, "month": 10}
    assert used[""] == {"day": 4, "month": 15}


def test_what_has_no_limit_is_not_listed_and_a_quota_ends_at_its_end() -> None:
    assert limited("x", "company", "/", None, None) is None
    limits = {"quota": {"calls": 10, "per": "day"}}
    found = limited("x", "company", "/", limits, {"day": 25, "month": 0})
    assert found is not None
    assert found.quota == Quota(25, 10, "day")
    assert found.quota.percent == 100
    booking = limited("x", "booking", "/", limits, None)
    assert booking is not None
    assert booking.quota is None


def test_the_busiest_come_first() -> None:
    items = [usage("a", accepted=1), usage("b", "sms", refused=5), usage("a", "sms", accepted=1)]
    assert [name for name, _ in most_called(items, "credential_id", 5)] == ["b", "a"]
    assert most_called(items, "route", 1) == [("sms", {"accepted": 1, "refused": 5, "failed": 0})]
