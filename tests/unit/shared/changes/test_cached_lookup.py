"""Cached records: what makes them stale, and what is not cached."""

import pytest

from shared.changes.cached_lookup import CachedLookup
from shared.changes.follower import ChangeFollower
from shared.contracts.key_registry import ApiClient, Booking, Change, Company, KeyPair, Kind
from tests.support.clock import FakeClock
from tests.support.doubles.changes import ScriptedSource
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


def key_pair(as_of: int, status: str = "active") -> KeyPair:
    company = Company(id="company", client_prefix="c", company_uri="https://c", status="active")
    return KeyPair.model_validate(
        {
            "as_of": as_of,
            "id": "pair",
            "status": status,
            "company": company,
            "kid": "kp",
            "algorithm": "ES256",
            "public_key": {},
            "scopes": [],
        }
    )


class Pairs:
    """Finds what it is told to, and counts."""

    def __init__(self, *records: KeyPair | None) -> None:
        self.records = list(records)
        self.calls = 0

    async def find(self, _: str) -> KeyPair | None:
        self.calls += 1
        return self.records.pop(0) if len(self.records) > 1 else self.records[0]


async def test_record_is_looked_up_once_until_something_it_depends_on_changes(
    source: ScriptedSource, clock: FakeClock
) -> None:
    pairs = Pairs(key_pair(0), key_pair(1, "suspended"))
    lookup: CachedLookup[str, KeyPair] = CachedLookup(pairs.find)
    follower = ChangeFollower(source, (lookup,), clock=clock)
    lookup.attach(follower)
    await follower.poll()
    for _ in range(3):
        assert (await lookup.get("kp")) == key_pair(0)
    assert pairs.calls == 1
    source.add("company")
    await follower.poll()
    found = await lookup.get("kp")
    assert found is not None
    assert found.status == "suspended"


async def test_record_read_before_an_applied_change_is_not_cached(source: ScriptedSource, clock: FakeClock) -> None:
    pairs = Pairs(key_pair(0), key_pair(0), key_pair(1))
    lookup: CachedLookup[str, KeyPair] = CachedLookup(pairs.find)
    source.add("elsewhere")
    follower = ChangeFollower(source, (lookup,), clock=clock)
    lookup.attach(follower)
    await follower.poll()
    await lookup.get("kp")
    assert pairs.calls == 2
    await lookup.get("kp")
    assert pairs.calls == 3
    await lookup.get("kp")
    assert pairs.calls == 3


async def test_cached_record_is_not_used_when_the_feed_is_stale(source: ScriptedSource, clock: FakeClock) -> None:
    pairs = Pairs(key_pair(0))
    lookup: CachedLookup[str, KeyPair] = CachedLookup(pairs.find)
    follower = ChangeFollower(source, (lookup,), clock=clock, bound=5.0)
    lookup.attach(follower)
    await follower.poll()
    await lookup.get("kp")
    clock.advance(6)
    await lookup.get("kp")
    assert pairs.calls == 2


async def test_no_more_records_are_kept_than_there_is_room_for(source: ScriptedSource, clock: FakeClock) -> None:
    pairs = Pairs(key_pair(0))
    lookup: CachedLookup[str, KeyPair] = CachedLookup(pairs.find, size=2)
    follower = ChangeFollower(source, (lookup,), clock=clock)
    lookup.attach(follower)
    await follower.poll()
    for kid in ("a", "b", "c", "b", "c"):
        await lookup.get(kid)
    assert pairs.calls == 3
    await lookup.get("a")
    assert pairs.calls == 4
