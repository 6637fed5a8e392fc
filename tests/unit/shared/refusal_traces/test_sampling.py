"""Of a flood some is kept, and it takes the place of nobody else's."""

from shared.refusal_traces.sampling import IN_ALL, PER_CAUSE, PER_SOURCE, WINDOW_S, Sampling
from tests.support.clock import FakeClock


def test_flood_from_one_address_leaves_others_their_places(clock: FakeClock) -> None:
    sampling = Sampling(clock)
    admitted = sum(sampling.admit("malformed", "192.0.2.1", known=False) for _ in range(10_000))
    assert admitted == PER_SOURCE
    assert sampling.admit("malformed", "192.0.2.2", known=False)


def test_flood_of_one_cause_from_a_million_addresses_leaves_other_causes_theirs(clock: FakeClock) -> None:
    sampling = Sampling(clock)
    assert sum(sampling.admit("malformed", str(n), known=False) for n in range(1_000_000)) == PER_CAUSE
    assert sampling.admit("no_route", "192.0.2.2", known=False)
    assert len(sampling._strangers.sources) <= IN_ALL


def test_strangers_take_no_place_of_credentials_that_are_known(clock: FakeClock) -> None:
    sampling = Sampling(clock)
    for cause in range(1000):
        sampling.admit(f"cause-{cause}", "192.0.2.1", known=False)
    assert not sampling.admit("one_more", "192.0.2.1", known=False)
    assert sampling.admit("expired", "api_client:pgck_1", known=True)


def test_each_window_begins_anew(clock: FakeClock) -> None:
    sampling = Sampling(clock)
    while sampling.admit("expired", "192.0.2.1", known=False):
        pass
    clock.advance(WINDOW_S)
    assert sampling.admit("expired", "192.0.2.1", known=False)
