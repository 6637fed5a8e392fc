"""Secrets of webhooks at rest: sealed under a key that is not in the database, each bound to its webhook."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from services.key_registry.events.webhooks.ports import ClaimedWebhook
from shared.errors import Conflict
from shared.sealed_box import CannotOpen, SealedBox, read_key


class UnreadableSecret(Exception):
    """There is no key, another one, or what was kept is damaged."""


class WebhookSecrets:
    """`box` None: there is no key, and so nothing is created or signed."""

    def __init__(self, box: SealedBox | None) -> None:
        self._box = box

    @classmethod
    def from_file(cls, path: Path | None) -> "WebhookSecrets":
        """Raises `ValueError` naming the file, never its content."""
        return cls(None if path is None else SealedBox(read_key(path)))

    def require(self) -> None:
        """Raises `Conflict` without a key."""
        if self._box is None:
            raise Conflict("the registry has no PASSGATE_WEBHOOK_KEY_FILE, which webhooks need")

    def seal(self, webhook_id: UUID, secret: bytes) -> bytes:
        self.require()
        assert self._box is not None
        return self._box.seal(secret, context=_context(webhook_id))

    def signing(self, webhook: ClaimedWebhook, at: float) -> Sequence[bytes]:
        """The secrets that sign at `at`, the newest first. Raises `UnreadableSecret`."""
        until = webhook.previous_secret_until
        sealed = [webhook.sealed_secret]
        if webhook.previous_sealed_secret is not None and until is not None and at < until.timestamp():
            sealed.append(webhook.previous_sealed_secret)
        if self._box is None:
            raise UnreadableSecret
        try:
            return [self._box.open(each, context=_context(webhook.id)) for each in sealed]
        except CannotOpen:
            raise UnreadableSecret from None


def _context(webhook_id: UUID) -> bytes:
    return b"webhook:" + webhook_id.bytes
