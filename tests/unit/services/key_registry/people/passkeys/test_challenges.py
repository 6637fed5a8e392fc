"""Challenges that are sealed: ours, for one purpose, until they expire."""

import pytest

from services.key_registry.people.passkeys.challenges import CHALLENGE_LIFE_S, SIGN_IN, Challenges, InvalidChallenge
from shared.sealed_box import SealedBox

NOW = 1_800_000_000.7
CHALLENGES = Challenges(SealedBox(bytes(32)))


def test_each_is_another_and_lives_for_minutes() -> None:
    first, second = CHALLENGES.issue(SIGN_IN, NOW), CHALLENGES.issue(SIGN_IN, NOW)
    assert first != second
    assert CHALLENGES.verify(first, SIGN_IN, NOW).digest != CHALLENGES.verify(second, SIGN_IN, NOW).digest
    assert len(first) >= 16, "Web Authentication section 13.4.3"
    CHALLENGES.verify(first, SIGN_IN, NOW + CHALLENGE_LIFE_S - 1)
    with pytest.raises(InvalidChallenge):
        CHALLENGES.verify(first, SIGN_IN, NOW + CHALLENGE_LIFE_S)


def test_those_of_others_for_something_else_or_damaged_are_invalid() -> None:
    issued = CHALLENGES.issue(SIGN_IN, NOW)
    others = Challenges(SealedBox(b"x" * 32)).issue(SIGN_IN, NOW)
    damaged = (b"", b"\x01", issued[:-1], issued + b"\x00", bytes([*issued[:-1], issued[-1] ^ 1]), bytes(64))
    for challenge in (others, CHALLENGES.issue(b"something else", NOW), *damaged):
        with pytest.raises(InvalidChallenge):
            CHALLENGES.verify(challenge, SIGN_IN, NOW)


@pytest.mark.parametrize("size", [0, 7, 23, 25])
def test_one_that_another_version_has_sealed_is_invalid(size: int) -> None:
    challenge = SealedBox(bytes(32)).seal(b"\xff" * size, context=SIGN_IN)
    with pytest.raises(InvalidChallenge):
        Challenges(SealedBox(bytes(32))).verify(challenge, SIGN_IN, 0.0)
