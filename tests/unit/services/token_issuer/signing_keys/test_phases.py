"""The life of a signing key: a pure function of when the keys start."""

from services.token_issuer.signing_keys.phases import RETIREMENT_MARGIN_S, Phase, phases
from services.token_issuer.storage.ports import SigningKeyRecord

LIFETIME = 3600.0


def key(kid: str, activates_at: float, revoked_at: float | None = None) -> SigningKeyRecord:
    return SigningKeyRecord(kid, "ES256", {}, b"", activates_at, revoked_at)


def at(now: float, *records: SigningKeyRecord) -> dict[str, Phase]:
    return phases(records, now, LIFETIME)


def test_no_keys() -> None:
    assert at(0) == {}


def test_new_key_is_published_until_it_starts() -> None:
    records = key("old", 0), key("new", 100)
    assert at(99.9, *records) == {"old": Phase.ACTIVE, "new": Phase.PUBLISHED}
    assert at(100, *records) == {"old": Phase.RETIRED, "new": Phase.ACTIVE}


def test_where_no_key_has_started_the_one_that_starts_first_is_active() -> None:
    """Of a rotation on an empty database, or by a clock that is behind that by which the keys start."""
    assert at(50, key("b", 100), key("a", 200)) == {"b": Phase.ACTIVE, "a": Phase.PUBLISHED}
    assert at(50, key("a", 0, revoked_at=40), key("b", 100)) == {"a": Phase.GONE, "b": Phase.ACTIVE}


def test_retired_key_stays_until_its_last_token_is_dead() -> None:
    records = key("old", 0), key("new", 100)
    end = 100 + LIFETIME + RETIREMENT_MARGIN_S
    assert at(end - 1, *records)["old"] is Phase.RETIRED
    assert at(end, *records) == {"old": Phase.GONE, "new": Phase.ACTIVE}


def test_each_of_many_keys_retires_when_its_own_successor_starts() -> None:
    records = key("c", 20), key("a", 0), key("b", 10), key("d", 5000)
    assert at(25, *records) == {
        "a": Phase.RETIRED,
        "b": Phase.RETIRED,
        "c": Phase.ACTIVE,
        "d": Phase.PUBLISHED,
    }
    assert at(10 + LIFETIME + RETIREMENT_MARGIN_S, *records)["a"] is Phase.GONE
    assert at(10 + LIFETIME + RETIREMENT_MARGIN_S, *records)["b"] is Phase.RETIRED


def test_revoked_key_is_gone_at_once() -> None:
    assert at(50, key("old", 0, revoked_at=40), key("new", 40)) == {"old": Phase.GONE, "new": Phase.ACTIVE}


def test_revoked_successor_leaves_its_predecessor_active() -> None:
    assert at(200, key("old", 0), key("new", 100, revoked_at=50))["old"] is Phase.ACTIVE


def test_keys_that_start_at_once_have_one_active_among_them() -> None:
    found = at(10, key("a", 10), key("b", 10))
    assert sorted(found.values()) == [Phase.ACTIVE, Phase.RETIRED]


def test_all_keys_have_exactly_one_phase_and_at_most_one_is_active() -> None:
    records = [key(str(i), i * 700.0, revoked_at=1.0 if i % 4 == 3 else None) for i in range(12)]
    for now in range(0, 20_000, 250):
        found = at(now, *records)
        assert set(found) == {record.kid for record in records}
        assert list(found.values()).count(Phase.ACTIVE) == 1
