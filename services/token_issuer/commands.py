"""What an operator does to the signing keys from the command line."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from services.token_issuer.app import NAME, key_rotator, open_database, registry_client
from services.token_issuer.config import Settings
from services.token_issuer.signing_keys.maintenance import published
from services.token_issuer.signing_keys.rotation import KeyRotator
from services.token_issuer.storage.ports import SigningKeyStore
from services.token_issuer.storage.postgres.signing_keys import PostgresSigningKeys
from shared.audit.trail import AuditTrail
from shared.clock import Clock, SystemClock
from shared.contracts.key_registry import KeyRegistryClient, Revocation

REVOKED_KEY_RETENTION_S = 31 * 86400.0
"""Seconds for which verifiers refuse a revoked key by the registry's word: many times the life of its tokens, since
until the store has it as revoked too, whoever holds the key could sign new ones."""


class _Opened(NamedTuple):
    store: SigningKeyStore
    rotator: KeyRotator
    registry: KeyRegistryClient
    audit: AuditTrail


@asynccontextmanager
async def _opened(settings: Settings, clock: Clock) -> AsyncIterator[_Opened]:
    database, calls = open_database(settings), registry_client(settings, clock)
    registry = KeyRegistryClient(calls)
    audit = AuditTrail(registry, service=NAME, clock=clock)
    async with AsyncExitStack() as started:
        for resource in (database, calls, audit):
            await resource.start()
            started.push_async_callback(resource.stop)
        store = PostgresSigningKeys(database)
        yield _Opened(store, key_rotator(settings, store), registry, audit)


async def rotate_signing_key(settings: Settings) -> str:
    """Publish a new key that takes over after the propagation time; returns what to print for the operator.

    The audit line comes first: where there can be none, nothing changes. Raises `SchemaMismatch` and `Unavailable`.
    """
    async with _opened(settings, SystemClock()) as (store, rotator, _, audit):
        await store.require_known_schema()
        await audit.record(audit.event("signing_key.rotation_started", subject_kind="signing_key"))
        record = await rotator.rotate(propagation=settings.signing_key_propagation)
        await audit.record(published(audit, record))
    starts = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.activates_at))
    return f"{record.kid} ({record.algorithm}) is published and signs from {starts}"


async def revoke_signing_key(settings: Settings, kid: str) -> str:
    """End a key now: every verifier refuses its tokens, and another key signs.

    The verifiers come first, whatever becomes of the rest: a new RSA key takes seconds, and the database may be
    away or of another release. Until there is a successor nothing is issued; a running issuer may be quicker to
    create it. Safe to run again after a failure. Raises `SchemaMismatch` and `Unavailable`.
    """
    clock = SystemClock()
    async with _opened(settings, clock) as (store, rotator, registry, audit):
        until = clock.now() + REVOKED_KEY_RETENTION_S
        await registry.revoke(Revocation(kind="signing_key", id=kid, until=until, reason="revoked by an operator"))
        await store.require_known_schema()
        if successor := await rotator.revoke(kid):
            await audit.record(published(audit, successor))
        elif (successor := await rotator.successor_of(kid)) is None:
            return f"{kid} is not a key in use here; all verifiers refuse it from now on"
    return f"{kid} is revoked; {successor.kid} signs in its place"
