"""What of each limit is used: of the company all calls, of a credential its own."""

from typing import Any

from services.console.pages.portal.limits_used import Quota, called, limited, quota_period, starts, used_of


def usage(credential_id: str | None, route: str | None = None, **calls: int) -> dict[str, Any]:
    return {
        "credential_id": credential_id,
        "credential_kind": credential_id and "access_key",
        "credential_name": credential_id and f"key {credential_id}",
        "route": route,
        "calls": {"accepted": 0, "refused": 0, "failed": 0, **calls},
    }


def test_periods_begin_with_the_day_and_the_month_in_utc() -> None:
    assert starts(1795813241.0) == {"day": "2026-11-27T00:00:00Z", "month": "2026-11-01T00:00:00Z"}


def test_refused_calls_use_nothing_up() -> None:
    assert used_of([usage("k", accepted=3, failed=1, refused=9), usage(None, accepted=5)]) == {"k": 4, "": 5}


def test_what_has_no_limit_is_not_listed_and_a_quota_ends_at_its_end() -> None:
    assert limited("x", "company", "/", None, None) is None
    limits = {"quota": {"calls": 10, "per": "day"}}
    assert (quota_period(limits), quota_period({"rate": {}}), quota_period(None)) == ("day", None, None)
    found = limited("x", "company", "/", limits, 25)
    assert found is not None
    assert found.quota == Quota(25, 10, "day")
    assert found.quota.percent == 100
    booking = limited("x", "booking", "/", limits, None)
    assert booking is not None
    assert booking.quota is None


def test_what_was_called_keeps_its_order_and_has_its_name() -> None:
    found = called([usage("b", refused=5), usage(None, "sms", accepted=1)])
    assert [(each.credential.name, each.route) for each in found] == [
        ("key b", ""),
        ("a credential that is gone", "sms"),
    ]
    assert found[0].calls["refused"] == 5
