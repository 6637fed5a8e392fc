"""Calls as they arrive: what there is to see before, at and after the first one."""

from typing import Any

from services.console.pages.kinds import BY_PATH
from services.console.pages.portal.arrivals import MAX_ROWS, arrivals

KIND = BY_PATH["access-keys"]


def key(number: int = 1, last_used_at: str | None = None) -> tuple[Any, dict[str, Any]]:
    return KIND, {"id": f"k{number}", "name": f"key {number}", "last_used_at": last_used_at}


def usage(id_: str | None = "k1", route: str = "site", period: str = "2026-11-27T19:00:00Z", **calls: int) -> Any:
    return {
        "credential_id": id_,
        "route": route,
        "period": period,
        "calls": {"accepted": 0, "refused": 0, "failed": 0, **calls},
    }


def test_the_state_follows_what_was_done() -> None:
    assert arrivals([], [], []).state == "no_credential"
    assert arrivals([key()], [], []).state == "waiting"
    assert arrivals([key()], [usage(accepted=1)], []).state == "first"
    assert arrivals([key()], [], [{"request_id": "r"}]).state == "first", "refused, and still the first"
    assert arrivals([key()], [usage(accepted=2)], []).state == "calls"
    assert arrivals([key(last_used_at="2026-01-01T00:00:00Z")], [], []).state == "calls", "long ago"


def test_hours_are_added_up_by_credential_and_route_the_newest_first() -> None:
    found = arrivals(
        [key(1), key(2)],
        [
            usage("k1", accepted=2, period="2026-11-27T18:00:00Z"),
            usage("k1", accepted=3, refused=1, period="2026-11-27T19:00:00Z"),
            usage("k2", "sms", accepted=9, period="2026-11-27T17:00:00Z"),
            usage("gone", failed=1, period="2026-11-27T16:00:00Z"),
        ],
        [],
    )
    rows = [(row.name, row.route, row.accepted, row.refused, row.failed) for row in found.rows]
    assert rows == [
        ("key 1", "site", 5, 1, 0),
        ("key 2", "sms", 9, 0, 0),
        ("a credential that is gone", "site", 0, 0, 1),
    ]
    assert (found.rows[0].path, found.rows[2].path) == ("access-keys/k1", "")
    many = [usage("k1", f"route {number}", accepted=1) for number in range(MAX_ROWS + 5)]
    assert len(arrivals([key()], many, []).rows) == MAX_ROWS
