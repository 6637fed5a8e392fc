"""Keys are read when they are needed, at most once a minute, and the last ones go on when they cannot be."""

from pathlib import Path

import pytest

from services.key_registry.http.leaks.partner_keys import (
    MIN_INTERVAL_S,
    REFRESH_INTERVAL_S,
    PartnerKeys,
    reader_of,
)
from shared.errors import Unavailable
from tests.support.clock import FakeClock
from tests.unit.services.key_registry.http.leaks.key_documents import document


class Published:
    def __init__(self, *identifiers: str) -> None:
        self.identifiers = identifiers
        self.failure: Exception | None = None
        self.reads = 0

    async def read(self) -> bytes:
        self.reads += 1
        if self.failure is not None:
            raise self.failure
        return document(*self.identifiers)


async def test_flood_of_identifiers_that_are_made_up_reads_the_keys_once_a_minute(clock: FakeClock) -> None:
    published = Published("one")
    keys = PartnerKeys(published.read, clock)
    assert await keys.find("one") is not None
    for number in range(100):
        assert await keys.find(f"x{number}") is None
    assert published.reads == 1
    published.identifiers = ("one", "two")
    clock.advance(MIN_INTERVAL_S)
    assert await keys.find("two") is not None
    assert published.reads == 2


async def test_key_that_is_withdrawn_counts_for_no_more_than_an_hour(clock: FakeClock) -> None:
    published = Published("one")
    keys = PartnerKeys(published.read, clock)
    await keys.find("one")
    published.identifiers = ()
    clock.advance(REFRESH_INTERVAL_S - 1)
    assert await keys.find("one") is not None
    clock.advance(1)
    assert await keys.find("one") is None


@pytest.mark.parametrize("failure", [Unavailable("away"), OSError(2, "no such file"), ValueError("no keys")])
async def test_while_keys_cannot_be_read_the_last_ones_go_on(clock: FakeClock, failure: Exception) -> None:
    published = Published("one")
    published.failure = failure
    keys = PartnerKeys(published.read, clock)
    with pytest.raises(Unavailable):
        await keys.find("one")
    published.failure = None
    clock.advance(MIN_INTERVAL_S)
    assert await keys.find("one") is not None
    published.failure = failure
    clock.advance(REFRESH_INTERVAL_S)
    assert await keys.find("one") is not None


async def test_keys_of_a_file_are_read_from_it(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(document("one"))
    assert await PartnerKeys(reader_of(str(path)), clock).find("one") is not None
