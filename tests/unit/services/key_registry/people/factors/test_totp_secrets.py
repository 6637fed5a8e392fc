"""Secrets of authenticators at rest."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.key_registry.people.factors.ports import Totp
from services.key_registry.people.factors.totp_secrets import TotpSecrets, UnreadableSecret
from shared.errors import Conflict
from shared.sealed_box import SealedBox

ME, OTHER = UUID(int=1), UUID(int=2)
BOX = SealedBox(bytes(32))


def totp(sealed: bytes) -> Totp:
    return Totp(ME, sealed, datetime.now(UTC), None, 0)


def test_a_secret_is_read_by_its_own_person_under_its_own_key_alone() -> None:
    secrets = TotpSecrets(BOX)
    kept = totp(secrets.seal(ME, "SECRET"))
    assert secrets.open(kept) == "SECRET"
    assert b"SECRET" not in kept.sealed_secret
    assert "SECRET" not in repr(kept)
    others = (
        (secrets, replace(kept, person_id=OTHER)),
        (TotpSecrets(SealedBox(b"x" * 32)), kept),
        (TotpSecrets(None), kept),
        (secrets, totp(BOX.seal(b"SECRET", context=b"webhook:" + ME.bytes))),
    )
    for reader, found in others:
        with pytest.raises(UnreadableSecret):
            reader.open(found)


def test_without_a_key_nothing_is_kept() -> None:
    assert not TotpSecrets(None).available
    with pytest.raises(Conflict, match="PASSGATE_WEBHOOK_KEY_FILE"):
        TotpSecrets(None).seal(ME, "SECRET")
