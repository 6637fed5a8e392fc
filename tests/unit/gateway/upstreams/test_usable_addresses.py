"""Which addresses get calls: those that are healthy, and all of them when none is."""

from dataclasses import dataclass, field
from math import inf

from gateway.upstreams.address_health import AddressHealth
from gateway.upstreams.settings import CircuitBreaker
from gateway.upstreams.usable_addresses import all_out, due_for_probe, in_rotation, next_probe_at

BREAKER = CircuitBreaker(failures=1, open_for=1.0)


@dataclass
class Place:
    preferred: bool = True
    health: AddressHealth = field(default_factory=lambda: AddressHealth(BREAKER))


def test_what_is_out_gets_no_calls() -> None:
    places = [Place(), Place()]
    places[0].health.failed(0.0)
    assert in_rotation(places) == [places[1]]
    assert not all_out(places)


def test_when_all_are_out_all_are_tried() -> None:
    places = [Place(), Place()]
    for place in places:
        place.health.failed(0.0)
    assert in_rotation(places) == places
    assert all_out(places)


def test_what_is_not_preferred_is_used_when_nothing_that_is_preferred_is_left() -> None:
    first, second = places = [Place(), Place(preferred=False)]
    assert in_rotation(places) == [first]
    first.health.failed(0.0)
    assert in_rotation(places) == [second]
    second.health.failed(0.0)
    assert in_rotation(places) == places


def test_what_is_out_is_due_for_one_call_after_its_time() -> None:
    places = [Place(), Place()]
    assert next_probe_at(places) == inf
    places[1].health.failed(0.0)
    assert next_probe_at(places) == 1.0
    assert due_for_probe(places, 0.9) is None
    assert due_for_probe(places, 1.0) is places[1]
    places[1].health.begin_probe(1.0)
    assert due_for_probe(places, 1.0) is None


def test_no_address_is_no_address() -> None:
    assert in_rotation([]) == []
