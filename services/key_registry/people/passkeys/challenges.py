"""Challenges that nobody has to keep: sealed, with their end, so that strangers who ask for many write nothing.

What was used is kept until it has expired, by whoever verifies a response.
"""

import os
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from shared import opaque
from shared.sealed_box import CannotOpen, SealedBox

CHALLENGE_LIFE_S = 300
END_BYTES = 8
RANDOM_BYTES = 16
SIGN_IN = b"passkey sign-in"


class InvalidChallenge(Exception):
    """Not ours, for something else, or expired."""


class Challenge(NamedTuple):
    digest: bytes
    expires_at: datetime


class Challenges:
    """`purpose` binds a challenge to what it is for: one of another purpose is invalid."""

    def __init__(self, box: SealedBox) -> None:
        self._box = box

    def issue(self, purpose: bytes, now: float) -> bytes:
        content = int(now + CHALLENGE_LIFE_S).to_bytes(END_BYTES) + os.urandom(RANDOM_BYTES)
        return self._box.seal(content, context=purpose)

    def verify(self, challenge: bytes, purpose: bytes, now: float) -> Challenge:
        """Raises `InvalidChallenge`. Whether it was used is known to the store alone."""
        try:
            content = self._box.open(challenge, context=purpose)
        except CannotOpen:
            raise InvalidChallenge from None
        if len(content) != END_BYTES + RANDOM_BYTES:  # of another version, with other members
            raise InvalidChallenge
        expires_at = int.from_bytes(content[:END_BYTES])
        if expires_at <= now:
            raise InvalidChallenge
        return Challenge(opaque.digest(challenge.hex()), datetime.fromtimestamp(expires_at, UTC))


def confirmation_of(person_id: UUID, session_id: str) -> bytes:
    """The purpose of what says that this person has signed in anew at the OpenID provider, in this session."""
    return b"openid confirmation:" + person_id.bytes + session_id.encode()


def registration_of(person_id: UUID, session_id: UUID) -> bytes:
    """The purpose of a challenge for a new passkey: of this person, in this session."""
    return b"passkey registration:" + person_id.bytes + session_id.bytes
