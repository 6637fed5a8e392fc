"""What the bookings of a company say about scopes: which cannot be granted now, and what the others depend on.

An application defines scopes, and a company books it. A scope that no booked application defines depends on none.
What two scopes have in common is their intersection, segment by segment. That much of a stopped booking's scopes
may be granted only if an active booking defines it as well: otherwise a wildcard would lead around the stop.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from services.token_issuer.clients.client import Client
from services.token_issuer.oauth_errors import InvalidScope
from shared.audit.stopped import StoppedObject
from shared.contracts.access_token import MAX_DEPENDENCIES
from shared.contracts.key_registry import Booking
from shared.scopes import covered, intersection

MAX_BOOKED_DEPENDENCIES = MAX_DEPENDENCIES - 2
"""Ids of bookings and applications, which come in pairs. A token depends on the secret that it was for as well."""


@dataclass(frozen=True, slots=True)
class BookedScopes:
    scopes: frozenset[str]
    """Of those that were requested about, the ones that can be granted now."""
    depends_on: frozenset[str]
    """The bookings and applications that define them: whichever of these is stopped stops the token."""
    stopped_by: Booking | None
    """One that keeps a scope from being granted; None when all can be."""


def booked_scopes(scopes: frozenset[str], client: Client, *, requested: bool) -> BookedScopes:
    """What can be granted of `scopes`; raises `InvalidScope` when one that was `requested` for, or each, cannot."""
    booked = _booked(scopes, client.bookings)
    if booked.stopped_by is not None and (requested or not booked.scopes):
        stopped = _stopped_object(booked.stopped_by)
        raise InvalidScope(_reason(booked.stopped_by), subject=replace(client.audited, stopped=stopped))
    if len(booked.depends_on) > MAX_BOOKED_DEPENDENCIES:
        raise InvalidScope(
            f"scope needs more than {MAX_BOOKED_DEPENDENCIES // 2} applications; request less",
            subject=client.audited,
        )
    return booked


@lru_cache(maxsize=4096)
def _booked(scopes: frozenset[str], bookings: tuple[Booking, ...]) -> BookedScopes:
    active = [booking for booking in bookings if booking.active]
    offered = [scope for booking in active for scope in booking.scopes]
    stopped_by: Booking | None = None
    granted = scopes
    for booking in bookings:
        if booking.active:
            continue
        lost = {scope for scope in granted if not all(covered(offered, c) for c in _common(scope, booking))}
        if lost:
            granted, stopped_by = granted - lost, booking
    needed = [booking for booking in active if any(True for scope in granted for _ in _common(scope, booking))]
    ids = frozenset(id_ for booking in needed for id_ in (booking.booking_id, booking.application_id))
    return BookedScopes(granted, ids, stopped_by)


def _common(scope: str, booking: Booking) -> Iterable[str]:
    """What `scope` has in common with each scope of the booking's application, where they have anything."""
    return (common for defined in booking.scopes if (common := intersection(scope, defined)) is not None)


def _stopped_object(booking: Booking) -> StoppedObject:
    if booking.booking_status != "active":
        return StoppedObject("booking", booking.booking_id)
    return StoppedObject("application", booking.application_id)


def _reason(booking: Booking) -> str:
    if booking.booking_status != "active":
        return f"the booking of the application is {booking.booking_status}"
    return f"the application is {booking.application_status}"
