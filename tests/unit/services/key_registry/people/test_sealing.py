"""What others keep for us: ours, for one purpose, in time, and known once it was used."""

from datetime import UTC, datetime

import pytest

from services.key_registry.people.sealing import MAX_LIFE_S, InvalidSeal, Seals
from shared.sealed_box import SealedBox

NOW = 1_800_000_000.7
BOX = SealedBox(bytes(32))
SEALS = Seals(BOX)
PURPOSE = b"something"


def test_it_opens_until_its_end_and_each_is_another() -> None:
    first, second = (SEALS.seal(b"content", PURPOSE, now=NOW, life_s=60).data for _ in range(2))
    opened = SEALS.open(first, PURPOSE, now=NOW + 59)
    assert (opened.content, opened.expires_at) == (b"content", datetime.fromtimestamp(int(NOW + 60), UTC))
    assert opened.digest == SEALS.open(first, PURPOSE, now=NOW).digest
    assert opened.digest != SEALS.open(second, PURPOSE, now=NOW).digest
    with pytest.raises(InvalidSeal, match="expired"):
        SEALS.open(first, PURPOSE, now=NOW + 60)


def test_another_purpose_key_or_byte_is_malformed() -> None:
    sealed = SEALS.seal(b"content", PURPOSE, now=NOW, life_s=60).data
    others = (
        SEALS.seal(b"content", b"something else", now=NOW, life_s=60).data,
        Seals(SealedBox(b"x" * 32)).seal(b"content", PURPOSE, now=NOW, life_s=60).data,
        Seals.of_this_process().seal(b"content", PURPOSE, now=NOW, life_s=60).data,
        *(b"", b"\x01", sealed[:-1], sealed + b"\x00", bytes([*sealed[:-1], sealed[-1] ^ 1])),
    )
    for other in others:
        with pytest.raises(InvalidSeal, match="malformed"):
            SEALS.open(other, PURPOSE, now=NOW)


def test_what_another_version_has_sealed_is_expired() -> None:
    sealed = SEALS.seal(b"content", PURPOSE, now=NOW, life_s=60).data
    with pytest.raises(InvalidSeal, match="expired"):
        SEALS.open(sealed, PURPOSE, now=NOW, content_bytes=8)
    for content in (b"", b"\x00", b'{"state": "x"}', b"\xff" * 8, int(NOW + MAX_LIFE_S + 1).to_bytes(8)):
        with pytest.raises(InvalidSeal, match="expired"):
            SEALS.open(BOX.seal(content, context=PURPOSE), PURPOSE, now=NOW)
