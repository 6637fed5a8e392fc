"""Secrets of authenticators at rest: encrypted under a key that is not in the database, bound to their person."""

import os
from pathlib import Path
from uuid import UUID

from services.key_registry.people.factors.pending import PendingSignIns
from services.key_registry.people.factors.ports import Totp
from services.key_registry.people.openid.states import States
from services.key_registry.people.passkeys.challenges import Challenges
from shared.errors import Conflict
from shared.sealed_box import KEY_BYTES, CannotOpen, SealedBox, read_key


class UnreadableSecret(Exception):
    """There is no key, another one, or what was kept is damaged."""


class FactorSecrets:
    """`box` None: there is no key, and so nobody turns a second factor on."""

    def __init__(self, box: SealedBox | None) -> None:
        self._box = box

    @classmethod
    def from_file(cls, path: Path | None) -> "FactorSecrets":
        """Raises `ValueError` naming the file, never its content."""
        return cls(None if path is None else SealedBox(read_key(path)))

    @property
    def available(self) -> bool:
        return self._box is not None

    @property
    def challenges(self) -> Challenges | None:
        """Those of passkeys, under the same key."""
        return None if self._box is None else Challenges(self._box)

    @property
    def states(self) -> States | None:
        """Those of people who are at the OpenID provider, under the same key."""
        return None if self._box is None else States(self._box)

    def pending_sign_ins(self) -> PendingSignIns:
        """Those that wait for a code, under the same key; without one, under one of this process alone."""
        return PendingSignIns(self._box or SealedBox(os.urandom(KEY_BYTES)))

    def seal(self, person_id: UUID, secret: str) -> bytes:
        """Raises `Conflict` without a key."""
        if self._box is None:
            raise Conflict("the registry has no PASSGATE_WEBHOOK_KEY_FILE, which second factors need")
        return self._box.seal(secret.encode(), context=_context(person_id))

    def open(self, totp: Totp) -> str:
        """Raises `UnreadableSecret`."""
        if self._box is None:
            raise UnreadableSecret
        try:
            return self._box.open(totp.sealed_secret, context=_context(totp.person_id)).decode()
        except CannotOpen:
            raise UnreadableSecret from None


def _context(person_id: UUID) -> bytes:
    return b"totp:" + person_id.bytes
