"""Challenges that nobody has to keep: what is signed must be one of ours, for this purpose, in time, once."""

import os
from uuid import UUID

from services.key_registry.people.sealing import OpenedSeal, Seals

CHALLENGE_LIFE_S = 300
RANDOM_BYTES = 16
SIGN_IN = b"passkey sign-in"


class Challenges:
    """`purpose` binds a challenge to what it is for: one of another purpose is invalid."""

    def __init__(self, seals: Seals) -> None:
        self._seals = seals

    def issue(self, purpose: bytes, now: float) -> bytes:
        return self._seals.seal(os.urandom(RANDOM_BYTES), purpose, now=now, life_s=CHALLENGE_LIFE_S).data

    def verify(self, challenge: bytes, purpose: bytes, now: float) -> OpenedSeal:
        """Raises `InvalidSeal`."""
        return self._seals.open(challenge, purpose, now=now, content_bytes=RANDOM_BYTES)


def registration_of(person_id: UUID, session_id: UUID) -> bytes:
    """The purpose of a challenge for a new passkey: of this person, in this session."""
    return b"passkey registration:" + person_id.bytes + session_id.bytes
