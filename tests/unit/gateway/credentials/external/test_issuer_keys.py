"""The keys of another issuer are fetched seldom, whatever tokens name, and kept for as long as they may be."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from gateway.credentials.external.issuer_keys import (
    MAX_RETRY_S,
    UNKNOWN_KID_FETCH_INTERVAL_S,
    ExternalIssuerKeys,
)
from shared.errors import Unavailable
from shared.jose.key_set import KeyId
from shared.jose.keys import generate_private_key
from shared.jose.signer import Signer
from tests.support.clock import FakeClock
from tests.support.doubles.external_issuer import SETTINGS, SIGNERS, CountedFetches, KeySets, document, jwk
from tests.support.waiting import until

ONE, TWO = ("ES256-1", "ES256"), ("EdDSA-1", "EdDSA")


class Keys:
    """The keys under test, and all that is around them."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.sets = KeySets({SETTINGS.jwks_url: document(jwk(SIGNERS["ES256"]))})
        self.metrics = CountedFetches()
        self.left: list[KeyId] = []
        settings = replace(SETTINGS, max_key_age=3600.0)
        self.keys = ExternalIssuerKeys(settings, self.sets.fetch, clock, self.metrics, self.left.append)

    def publish(self, *signers: Signer) -> None:
        self.sets.documents[SETTINGS.jwks_url] = document(*map(jwk, signers))

    async def refreshed(self) -> int:
        """Fetch what is due; how many fetches there have been."""
        self.keys.refresh_if_due()
        await until(lambda: not self.keys._flight.running)
        return len(self.sets.requested)


@pytest.fixture
def around(clock: FakeClock) -> Keys:
    return Keys(clock)


async def test_the_set_is_fetched_again_when_its_time_has_come_and_not_before(around: Keys) -> None:
    assert await around.refreshed() == 1
    assert around.keys.known(ONE) is not None
    around.clock.advance(SETTINGS.refresh_every - 1)
    assert await around.refreshed() == 1
    around.clock.advance(1)
    assert await around.refreshed() == 2


async def test_a_shorter_interval_holds_from_when_the_route_file_has_it(around: Keys) -> None:
    await around.refreshed()
    around.clock.advance(60)
    around.keys.settings = replace(around.keys.settings, refresh_every=60.0)
    assert await around.refreshed() == 2


async def test_a_failure_and_the_recovery_from_it_are_logged_once_each(around: Keys) -> None:
    known = around.sets.documents.copy()
    around.sets.documents.clear()
    with capture_logs() as logs:
        for _ in range(3):
            await around.refreshed()
            around.clock.advance(MAX_RETRY_S)
        around.sets.documents |= known
        for _ in range(2):
            await around.refreshed()
            around.clock.advance(SETTINGS.refresh_every)
    events = [(line["event"], line["issuer"]) for line in logs]
    assert events == [
        ("external_issuer.fetch_failed", "corp"),
        ("external_issuer.keys_loaded", "corp"),
        ("external_issuer.fetch_recovered", "corp"),
    ]


async def test_a_new_key_is_fetched_when_a_token_names_it(around: Keys) -> None:
    await around.refreshed()
    around.publish(SIGNERS["ES256"], SIGNERS["EdDSA"])
    assert around.keys.known(TWO) is None
    assert await around.keys.find(TWO) is not None


async def test_a_flood_of_unknown_kids_causes_one_fetch_in_ten_seconds_and_known_ones_do_not_notice(
    around: Keys,
) -> None:
    await around.refreshed()
    for fetches in (2, 3):
        found = await asyncio.gather(*(around.keys.find((f"unknown-{n}", "ES256")) for n in range(500)))
        assert set(found) == {None}
        assert len(around.sets.requested) == fetches
        assert await around.keys.find(ONE) is not None
        around.clock.advance(UNKNOWN_KID_FETCH_INTERVAL_S)


async def test_the_keys_are_kept_while_the_issuer_is_away_and_no_longer_than_they_may_be(around: Keys) -> None:
    await around.refreshed()
    around.sets.documents.clear()
    around.clock.advance(3600)
    await around.refreshed()
    assert await around.keys.find(ONE) is not None
    with pytest.raises(Unavailable):
        await around.keys.find(TWO)
    around.clock.advance(0.1)
    assert around.keys.known(ONE) is None
    with pytest.raises(Unavailable):
        await around.keys.find(ONE)
    with pytest.raises(Unavailable, match="last fetched 3600 s ago"):
        around.keys.check()
    around.publish(SIGNERS["ES256"])
    around.clock.advance(MAX_RETRY_S)
    await around.refreshed()
    around.keys.check()
    assert around.keys.known(ONE) is not None


async def test_failed_fetches_are_further_and_further_apart(around: Keys) -> None:
    around.sets.documents.clear()
    counts = []
    for _ in range(600):
        counts.append(await around.refreshed())
        around.clock.advance(1)
    assert counts[:8] == [1, 2, 2, 3, 3, 3, 3, 4]
    assert counts[-1] <= 6 + 600 / MAX_RETRY_S
    assert set(around.metrics.outcomes) == {("corp", False)}


@pytest.mark.parametrize("broken", [b"<html>", b'{"keys": 5}', b""])
async def test_a_set_that_cannot_be_read_changes_nothing(broken: bytes, around: Keys) -> None:
    await around.refreshed()
    around.sets.documents[SETTINGS.jwks_url] = broken
    around.clock.advance(SETTINGS.refresh_every)
    await around.refreshed()
    assert around.keys.known(ONE) is not None
    assert around.metrics.outcomes == [("corp", True), ("corp", False)]
    assert around.keys.age == SETTINGS.refresh_every


async def test_a_key_that_has_left_the_set_or_been_replaced_is_reported(around: Keys) -> None:
    around.publish(SIGNERS["ES256"], SIGNERS["EdDSA"])
    await around.refreshed()
    around.publish(Signer("ES256-1", "ES256", generate_private_key("ES256")))
    around.clock.advance(SETTINGS.refresh_every)
    await around.refreshed()
    assert sorted(around.left) == [ONE, TWO]
    assert around.keys.known(TWO) is None


async def test_a_set_without_a_key_that_can_be_used_is_a_fault_that_health_shows(around: Keys) -> None:
    with pytest.raises(Unavailable, match="not been fetched"):
        around.keys.check()
    around.sets.documents[SETTINGS.jwks_url] = document()
    await around.refreshed()
    with pytest.raises(Unavailable, match="none of its keys"):
        around.keys.check()
    assert await around.keys.find(ONE) is None


async def test_a_request_waits_for_a_fetch_that_hangs_for_a_moment_only(
    around: Keys, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.credentials.external.issuer_keys.MAX_WAIT_S", 0.01)
    never = asyncio.Event()

    async def hang(_: str) -> bytes:
        await never.wait()
        return b""

    keys = ExternalIssuerKeys(SETTINGS, hang, clock, around.metrics, around.left.append)
    with pytest.raises(Unavailable):
        await keys.find(ONE)
    await keys.stop()


async def test_while_a_fetch_hangs_it_is_not_known_whether_there_is_a_key_and_known_ones_do_not_notice(
    around: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    await around.refreshed()
    monkeypatch.setattr("gateway.credentials.external.issuer_keys.MAX_WAIT_S", 0.01)
    published, fetch = asyncio.Event(), around.keys._fetch

    async def hang(url: str) -> bytes:
        await published.wait()
        return await fetch(url)

    monkeypatch.setattr(around.keys, "_fetch", hang)
    around.publish(SIGNERS["ES256"], SIGNERS["EdDSA"])
    with pytest.raises(Unavailable):
        await around.keys.find(TWO)
    assert await around.keys.find(ONE) is not None
    published.set()
    await until(lambda: around.keys.known(TWO) is not None)


async def test_a_fault_of_ours_in_reading_a_set_is_a_failed_fetch(
    around: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    await around.refreshed()
    monkeypatch.setattr("gateway.credentials.external.issuer_keys.read_key_set", fail)
    around.publish(SIGNERS["EdDSA"])
    around.clock.advance(UNKNOWN_KID_FETCH_INTERVAL_S)
    with pytest.raises(Unavailable):
        await around.keys.find(TWO)
    assert around.keys.known(ONE) is not None
