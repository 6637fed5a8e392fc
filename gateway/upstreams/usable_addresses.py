"""Which addresses of an upstream are used, by their health."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from gateway.upstreams.address_health import AddressHealth


class Place(Protocol):
    preferred: bool

    @property
    def health(self) -> AddressHealth: ...


P = TypeVar("P", bound=Place)


def all_out(places: Sequence[Place]) -> bool:
    return not any(place.health.available for place in places)


def in_rotation(places: Sequence[P]) -> Sequence[P]:
    """Those that are available; of these, the preferred ones where there are any.

    All of them when none is available: what is known of them may be wrong, and to send nothing helps nobody.
    """
    available = [place for place in places if place.health.available]
    return [place for place in available if place.preferred] or available or places


def due_for_probe(places: Sequence[P], now: float) -> P | None:
    """One that is out, and that the next call should try."""
    return next((place for place in places if place.health.probe_due_at <= now), None)


def next_probe_at(places: Sequence[Place]) -> float:
    """When there is one; `inf` when nothing is out."""
    return min((place.health.probe_due_at for place in places), default=float("inf"))
