"""Keeping signing keys in working order: the first one, and a successor for one that is revoked."""

import asyncio

import structlog

from services.token_issuer.signing_keys.ring import KeyRing
from services.token_issuer.signing_keys.rotation import KeyRotator
from services.token_issuer.storage.ports import SigningKeyRecord
from shared.audit.trail import Audit
from shared.contracts.key_registry import AuditEvent, Change, Snapshot

log = structlog.get_logger()


class SigningKeyChanges:
    """A consumer of the registry's changes; `happened` is set whenever one may concern a signing key."""

    def __init__(self) -> None:
        self.happened = asyncio.Event()

    def reset(self, snapshot: Snapshot) -> None:
        self.happened.set()

    def apply(self, change: Change) -> None:
        if change.kind == "signing_key":
            self.happened.set()


class KeyMaintenance:
    """All copies of the issuer do the same at the same time: the store lets one of them have its way."""

    def __init__(self, ring: KeyRing, rotator: KeyRotator, audit: Audit) -> None:
        self._ring = ring
        self._rotator = rotator
        self._audit = audit

    async def run(self) -> None:
        """See to it that there is a key that may sign. Raises `Unavailable`."""
        await self._ring.reload()
        revoked = self._ring.revoked()
        for kid in revoked:
            await self._replace(kid)
        if self._ring.empty:
            await self._create_first()
        elif not revoked:
            return
        await self._ring.reload()

    async def _create_first(self) -> None:
        if (record := await self._rotator.ensure_first()) is not None:
            log.info("signing_key.created", kid=record.kid, algorithm=record.algorithm)
            self._audit.note(published(self._audit, record))

    async def _replace(self, kid: str) -> None:
        if (successor := await self._rotator.revoke(kid)) is not None:
            log.warning("signing_key.replaced", kid=kid, successor=successor.kid)
            self._audit.note(published(self._audit, successor))


def published(audit: Audit, record: SigningKeyRecord) -> AuditEvent:
    """The line for a new key."""
    return audit.event(
        "signing_key.published",
        subject_kind="signing_key",
        subject=record.kid,
        detail={"algorithm": record.algorithm, "signs_from": record.activates_at},
    )
