"""Challenges that are sealed: ours, for one purpose, until they expire."""

import pytest

from services.key_registry.people.passkeys.challenges import CHALLENGE_LIFE_S, SIGN_IN, Challenges
from services.key_registry.people.sealing import InvalidSeal, Seals
from shared.sealed_box import SealedBox

NOW = 1_800_000_000.7
SEALS = Seals(SealedBox(bytes(32)))
CHALLENGES = Challenges(SEALS)


def test_each_is_another_and_lives_for_minutes() -> None:
    first, second = CHALLENGES.issue(SIGN_IN, NOW), CHALLENGES.issue(SIGN_IN, NOW)
    assert first != second
    assert CHALLENGES.verify(first, SIGN_IN, NOW).digest != CHALLENGES.verify(second, SIGN_IN, NOW).digest
    assert len(first) >= 16, "Web Authentication section 13.4.3"
    CHALLENGES.verify(first, SIGN_IN, NOW + CHALLENGE_LIFE_S - 1)
    with pytest.raises(InvalidSeal):
        CHALLENGES.verify(first, SIGN_IN, NOW + CHALLENGE_LIFE_S)


def test_those_of_others_for_something_else_or_damaged_are_invalid() -> None:
    issued = CHALLENGES.issue(SIGN_IN, NOW)
    others = Challenges(Seals(SealedBox(b"x" * 32))).issue(SIGN_IN, NOW)
    damaged = (b"", b"\x01", issued[:-1], issued + b"\x00", bytes([*issued[:-1], issued[-1] ^ 1]), bytes(64))
    for challenge in (others, CHALLENGES.issue(b"something else", NOW), *damaged):
        with pytest.raises(InvalidSeal):
            CHALLENGES.verify(challenge, SIGN_IN, NOW)


@pytest.mark.parametrize("size", [0, 15, 17])
def test_one_that_another_version_has_sealed_is_invalid(size: int) -> None:
    challenge = SEALS.seal(b"\xff" * size, SIGN_IN, now=NOW, life_s=60).data
    with pytest.raises(InvalidSeal):
        CHALLENGES.verify(challenge, SIGN_IN, NOW)
