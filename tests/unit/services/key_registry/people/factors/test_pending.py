"""Sign-ins that wait for a code: sealed, of one person as they were, until they expire."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from services.key_registry.audit_trail.chain import START, Head, Line
from services.key_registry.catalog.permissions import Role
from services.key_registry.people.factors.pending import PENDING_LIFE_S, InvalidPending, PendingSignIns
from services.key_registry.people.factors.sealing import FactorSecrets
from services.key_registry.people.ports import PeopleWriter, Person
from shared import opaque
from shared.sealed_box import SealedBox

NOW = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
JO = Person(UUID(int=1), "jo@x.example", "hash", Role.OWNER, None, "active", NOW, NOW, totp_since=NOW)
PENDING = PendingSignIns(SealedBox(bytes(32)))


class AuditAlone:
    """A writer that has an audit trail and nothing else: whatever else is written fails the test."""

    def __init__(self) -> None:
        self.actions: list[str] = []

    async def written_events(self, ids: Sequence[str]) -> frozenset[str]:
        return frozenset()

    async def audit_head(self) -> Head:
        return START

    async def append_audit(self, lines: Sequence[Line]) -> None:
        self.actions += [line.action for line in lines]


async def begun(pending: PendingSignIns = PENDING) -> str:
    writer = AuditAlone()
    sign_in = await pending.begin(cast(PeopleWriter, writer), JO, "192.0.2.7", NOW)
    assert sign_in.expires_at == NOW + timedelta(seconds=PENDING_LIFE_S)
    assert writer.actions == ["person.second_factor_requested"]
    return sign_in.token


async def test_each_is_another_and_lives_for_minutes() -> None:
    first, second = await begun(), await begun()
    last = NOW + timedelta(seconds=PENDING_LIFE_S - 1)
    assert PENDING.read(first, last).digest != PENDING.read(second, last).digest
    assert len(first) <= 255
    with pytest.raises(InvalidPending, match="expired"):
        PENDING.read(first, last + timedelta(seconds=1))


@pytest.mark.parametrize(
    "changed",
    [
        {"id": UUID(int=2)},
        {"password_hash": "another"},
        {"totp_since": NOW + timedelta(microseconds=1)},
        {"updated_at": NOW + timedelta(microseconds=1)},
    ],
)
async def test_it_is_of_the_person_as_they_were(changed: dict[str, Any]) -> None:
    found = PENDING.read(await begun(), NOW)
    assert found.person_id == JO.id
    assert found.is_of(JO)
    assert not found.is_of(replace(JO, **changed))


async def test_those_of_others_for_something_else_or_damaged_are_malformed() -> None:
    box = SealedBox(bytes(32))
    elsewhere = opaque.sealed(opaque.PENDING_SIGN_IN, box.seal(bytes(56), context=b"something else"))
    others = [
        await begun(PendingSignIns(SealedBox(b"x" * 32))),
        await begun(FactorSecrets(None).pending_sign_ins()),
    ]
    for token in (*others, elsewhere, opaque.sealed(opaque.PENDING_SIGN_IN, b"\x01"), "pgsi_", ""):
        with pytest.raises(InvalidPending, match="malformed"):
            PENDING.read(token, NOW)


async def test_without_a_key_they_are_of_this_process() -> None:
    pending = FactorSecrets(None).pending_sign_ins()
    assert pending.read(await begun(pending), NOW).is_of(JO)


@pytest.mark.parametrize("size", [0, 7, 8, 23, 24, 55, 57])
async def test_one_that_another_version_has_sealed_is_expired(size: int) -> None:
    content = b"\xff" * size
    token = opaque.sealed(opaque.PENDING_SIGN_IN, SealedBox(bytes(32)).seal(content, context=b"pending sign-in"))
    with pytest.raises(InvalidPending, match="expired"):
        PENDING.read(token, NOW)
