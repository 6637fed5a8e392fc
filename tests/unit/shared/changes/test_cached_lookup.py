"""Cached records: which changes make them stale."""

import pytest

from shared.changes.cached_lookup import CachedLookup
from shared.changes.follower import ChangeFollower
from shared.contracts.key_registry import ApiClient, Booking, Change, Kind
from tests.support.clock import FakeClock
from tests.support.doubles.registry import COMPANY, RegistryDouble

BOOKING = Booking(
    booking_id="booking",
    booking_status="active",
    application_id="application",
    application_status="active",
    scopes=("sms:send",),
)


@pytest.fixture
def registry() -> RegistryDouble:
    double = RegistryDouble()
    double.add_api_client("pgck_a", "secret", id="client", bookings=(BOOKING,))
    return double


@pytest.fixture
async def clients(registry: RegistryDouble, clock: FakeClock) -> CachedLookup[str, ApiClient]:
    lookup = CachedLookup(registry.api_client)
    follower = ChangeFollower(registry, (lookup,), clock=clock)
    lookup.attach(follower)
    await follower.poll()
    return lookup


@pytest.mark.parametrize(
    ("kind", "id_", "company_id", "looked_up_again"),
    [
        ("api_client", "client", COMPANY.id, True),
        ("company", COMPANY.id, COMPANY.id, True),
        ("booking", "booking", None, True),
        ("application", "application", None, True),
        ("booking", "a new one", COMPANY.id, True),
        ("booking", "a new one", "another company", False),
        ("api_client", "another one", COMPANY.id, False),
        ("access_key", "another one", COMPANY.id, False),
    ],
)
async def test_a_record_is_looked_up_again_when_what_it_depends_on_changes_and_for_no_other_change(
    registry: RegistryDouble,
    clients: CachedLookup[str, ApiClient],
    kind: Kind,
    id_: str,
    company_id: str | None,
    looked_up_again: bool,
) -> None:
    await clients.get("pgck_a")
    clients.apply(Change(seq=1, kind=kind, id=id_, status="active", at=0, company_id=company_id))
    await clients.get("pgck_a")
    assert registry.lookups == 1 + looked_up_again
