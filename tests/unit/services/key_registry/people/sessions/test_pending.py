"""Sign-ins that wait for a code: sealed, of one person as they were, until they expire."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from services.key_registry.audit_trail.chain import START, Head, Line
from services.key_registry.catalog.permissions import Role
from services.key_registry.people.ports import PeopleWriter, Person
from services.key_registry.people.sealing import InvalidSeal, Seals
from services.key_registry.people.sessions.pending import PENDING_LIFE_S, PendingSignIns
from shared import opaque
from shared.sealed_box import SealedBox

NOW = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
JO = Person(UUID(int=1), "jo@x.example", "hash", Role.OWNER, None, "active", NOW, NOW, totp_since=NOW)
SEALS = Seals(SealedBox(bytes(32)))
PENDING = PendingSignIns(SEALS)
PURPOSE = b"pending sign-in"


class AuditAlone:
    """A writer that has an audit trail and nothing else: whatever else is written fails the test."""

    def __init__(self) -> None:
        self.actions: list[str] = []

    async def audit_head(self, ids: Sequence[str]) -> tuple[Head, frozenset[str]]:
        return START, frozenset()

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
    assert PENDING.read(first, last).seal.digest != PENDING.read(second, last).seal.digest
    assert len(first) <= 255
    with pytest.raises(InvalidSeal, match="expired"):
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
    sealed = SEALS.seal(bytes(48), b"something else", now=NOW.timestamp(), life_s=60).data
    elsewhere = opaque.sealed(opaque.PENDING_SIGN_IN, sealed)
    others = [
        await begun(PendingSignIns(Seals(SealedBox(b"x" * 32)))),
        await begun(PendingSignIns(Seals.of_this_process())),
    ]
    for token in (*others, elsewhere, opaque.sealed(opaque.PENDING_SIGN_IN, b"\x01"), "pgsi_", ""):
        with pytest.raises(InvalidSeal, match="malformed"):
            PENDING.read(token, NOW)


async def test_without_a_key_they_are_of_this_process() -> None:
    pending = PendingSignIns(Seals.of_this_process())
    assert pending.read(await begun(pending), NOW).is_of(JO)


@pytest.mark.parametrize("size", [0, 15, 16, 47, 49])
async def test_one_that_another_version_has_sealed_is_expired(size: int) -> None:
    sealed = SEALS.seal(b"\xff" * size, PURPOSE, now=NOW.timestamp(), life_s=60).data
    token = opaque.sealed(opaque.PENDING_SIGN_IN, sealed)
    with pytest.raises(InvalidSeal, match="expired"):
        PENDING.read(token, NOW)
