"""The life of a signing key, by what the store says of it."""

from services.token_issuer.signing_keys.states import RETIREMENT_MARGIN_S, KeyState, KeyStates, key_states
from services.token_issuer.storage.ports import SigningKeyRecord

LIFETIME = 3600.0
S = KeyState


def key(kid: str, published: float = 0.0, **times: float) -> SigningKeyRecord:
    return SigningKeyRecord(kid, "ES256", {}, b"", published, **times)


def at(now: float, *records: SigningKeyRecord) -> KeyStates:
    return key_states(records, now, LIFETIME)


def test_no_keys() -> None:
    assert (at(0).states, at(0).signing, at(0).pending) == ({}, None, None)


def test_key_signs_from_when_the_store_says_so_whatever_the_clock_of_the_copy() -> None:
    waiting = key("new", 50), key("old", signing_since=1)
    assert at(1e9, *waiting).states == {"old": S.SIGNING, "new": S.PUBLISHED}
    started = key("new", 50, signing_since=100, confirmed_at=60), key("old", signing_since=1, retiring_since=100)
    assert at(0, *started).states == {"old": S.RETIRING, "new": S.SIGNING}


def test_key_that_every_gateway_has_is_confirmed_and_does_not_sign_for_it() -> None:
    found = at(100, key("old", signing_since=1), key("new", 50, confirmed_at=60))
    assert found.states == {"old": S.SIGNING, "new": S.CONFIRMED}
    assert found.signing is not None
    assert found.pending is not None
    assert (found.signing.kid, found.pending.kid) == ("old", "new")


def test_no_unconfirmed_key_signs_because_there_is_no_other() -> None:
    found = at(1e9, key("old", signing_since=1, revoked_at=40), key("new", 50))
    assert found.states == {"old": S.REVOKED, "new": S.PUBLISHED}
    assert found.signing is None


def test_retiring_key_stays_until_its_last_token_has_expired() -> None:
    records = key("old", signing_since=0, retiring_since=100), key("new", signing_since=100)
    end = 100 + LIFETIME + RETIREMENT_MARGIN_S
    assert at(end - 1, *records).states["old"] is S.RETIRING
    assert at(end, *records).states == {"old": S.RETIRED, "new": S.SIGNING}


def test_each_of_many_keys_retires_when_its_own_successor_began() -> None:
    records = [key(str(n), signing_since=n * 10.0, retiring_since=n * 10.0 + 10) for n in range(3)]
    found = at(20 + LIFETIME + RETIREMENT_MARGIN_S, *records, key("last", signing_since=30))
    assert found.states == {"0": S.RETIRED, "1": S.RETIRED, "2": S.RETIRING, "last": S.SIGNING}


def test_predecessor_of_a_revoked_key_does_not_sign_again() -> None:
    found = at(200, key("old", signing_since=0, retiring_since=100), key("new", signing_since=100, revoked_at=150))
    assert found.states == {"old": S.RETIRING, "new": S.REVOKED}


def test_of_two_that_began_by_a_release_that_retired_none_the_later_one_signs() -> None:
    assert at(10, key("a", signing_since=5), key("b", signing_since=7)).states == {"a": S.RETIRING, "b": S.SIGNING}
