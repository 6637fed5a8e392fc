"""Secrets of authenticators at rest: encrypted under a key that is not in the database, bound to their person."""

from uuid import UUID

from services.key_registry.people.factors.ports import Totp
from shared.errors import Conflict
from shared.sealed_box import CannotOpen, SealedBox


class UnreadableSecret(Exception):
    """There is no key, another one, or what was kept is damaged."""


class TotpSecrets:
    """`box` None: there is no key, and so nobody turns a second factor on."""

    def __init__(self, box: SealedBox | None) -> None:
        self._box = box

    @property
    def available(self) -> bool:
        return self._box is not None

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
