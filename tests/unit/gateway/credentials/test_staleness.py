"""A route goes on by JWT alone for as long as it says, and it is told."""

import pytest
from structlog.testing import capture_logs

from gateway.credentials.staleness import WARNING_INTERVAL_S, Staleness
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.route_watch import warn_of_long_staleness
from gateway.routing.table import RouteTable
from shared.errors import Unavailable
from tests.support.clock import FakeClock
from tests.support.doubles.gateway import FollowedAgo
from tests.support.http1.heads import route_of

USUAL = route_of(CredentialKind.JWT, name="usual")
LONG = route_of(CredentialKind.JWT, name="long", max_staleness=60.0)
SHORT = route_of(CredentialKind.JWT, name="short", max_staleness=1.0)


class Counted:
    def __init__(self, clock: FakeClock) -> None:
        self.follower = FollowedAgo()
        self.counted: list[str] = []
        self.staleness = Staleness(self.follower, clock, self.counted.append)

    def admitted(self, age: float) -> list[str]:
        """The routes that a JWT may use so many seconds after the registry was last heard."""
        self.follower.age = age
        names = []
        for route in (SHORT, USUAL, LONG):
            try:
                self.staleness.require(route)
            except Unavailable:
                continue
            names.append(route.name)
        return names


@pytest.fixture
def staleness(clock: FakeClock) -> Counted:
    return Counted(clock)


def test_each_route_goes_on_for_as_long_as_it_says_and_no_longer(staleness: Counted) -> None:
    assert staleness.admitted(0) == ["short", "usual", "long"]
    assert staleness.admitted(1.1) == ["usual", "long"]
    assert staleness.admitted(5.1) == ["long"]
    assert staleness.admitted(60) == ["long"]
    assert staleness.admitted(60.1) == []
    assert staleness.admitted(float("inf")) == []


def test_before_the_first_snapshot_nothing_is_said_of_seconds(staleness: Counted) -> None:
    reasons = []
    for age in (float("inf"), 7.25):
        staleness.follower.age = age
        with pytest.raises(Unavailable) as stale:
            staleness.staleness.require(USUAL)
        reasons.append(stale.value.detail)
    assert reasons == ["never confirmed, and 5 s is the bound", "last confirmed 7.2 s ago, and 5 s is the bound"]


def test_a_route_that_goes_on_past_the_bound_is_counted_and_told_again_and_again(
    staleness: Counted, clock: FakeClock
) -> None:
    with capture_logs() as logs:
        staleness.admitted(5)
        assert (logs, staleness.counted) == ([], [])
        for _ in range(3):
            staleness.admitted(6)
        assert [(line["log_level"], line["route"]) for line in logs] == [("warning", "long")]
        clock.advance(WARNING_INTERVAL_S)
        staleness.admitted(16)
    assert len(logs) == 2
    assert staleness.counted == ["long"] * 4


def test_routes_that_outlive_the_bound_are_reported_when_they_are_loaded() -> None:
    with capture_logs() as logs:
        warn_of_long_staleness(RouteTable((USUAL, LONG, SHORT)), 5.0)
    assert [(line["log_level"], line["route"], line["max_staleness_s"]) for line in logs] == [
        ("warning", "long", 60)
    ]
