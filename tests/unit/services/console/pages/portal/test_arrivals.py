"""Calls as they arrive: what there is to see before, at and after the first one."""

from typing import Any

from services.console.pages.portal.arrivals import MAX_ROWS, arrivals


def usage(id_: str = "k1", route: str = "site", period: str = "2026-11-27T19:00:00Z", **calls: int) -> Any:
    gone = id_ == "gone"
    return {
        "credential_id": id_,
        "credential_kind": None if gone else "access_key",
        "credential_name": None if gone else f"key {id_[1:]}",
        "route": route,
        "period": period,
        "calls": {"accepted": 0, "refused": 0, "failed": 0, **calls},
    }


def test_the_state_follows_what_was_done() -> None:
    assert arrivals([usage(accepted=1)], []).state == "first"
    assert arrivals([], [{"request_id": "r"}]).state == "first", "refused, and still the first"
    assert arrivals([usage(accepted=2)], []).state == "calls"


def test_calls_that_were_all_refused_are_told_from_those_that_were_served() -> None:
    assert arrivals([usage(refused=1)], []).only_refused
    assert arrivals([], [{"request_id": "r"}]).only_refused
    assert not arrivals([usage(accepted=1, refused=1)], []).only_refused
    assert not arrivals([usage(failed=1)], []).only_refused


def test_a_company_is_idle_while_its_last_hour_has_no_call_that_was_accepted() -> None:
    before, last = "2026-11-27T18:00:00Z", "2026-11-27T19:00:00Z"
    assert arrivals([usage(period=last, refused=1), usage(period=before, accepted=1)], []).idle
    assert not arrivals([usage(period=last, accepted=1), usage(period=before, refused=1)], []).idle


def test_hours_are_added_up_by_credential_and_route_the_newest_first() -> None:
    found = arrivals(
        [
            usage("k1", accepted=2, period="2026-11-27T18:00:00Z"),
            usage("k1", accepted=3, refused=1, period="2026-11-27T19:00:00Z"),
            usage("k2", "sms", accepted=9, period="2026-11-27T17:00:00Z"),
            usage("gone", failed=1, period="2026-11-27T16:00:00Z"),
        ],
        [],
    )
    rows = [(row.credential.name, row.route, row.accepted, row.refused, row.failed) for row in found.rows]
    assert rows == [
        ("key 1", "site", 5, 1, 0),
        ("key 2", "sms", 9, 0, 0),
        ("a credential that is gone", "site", 0, 0, 1),
    ]
    assert (found.rows[0].credential.path, found.rows[2].credential.path) == ("access-keys/k1", "")
    assert not found.more


def test_calls_that_are_in_no_row_are_said_to_be_there() -> None:
    many = [usage("k1", f"route {number}", accepted=1) for number in range(MAX_ROWS + 5)]
    assert (len(arrivals(many, []).rows), arrivals(many, []).more) == (MAX_ROWS, True)
    assert arrivals(many[:2], [], more=True).more
