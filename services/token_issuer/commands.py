"""What an operator does to the signing keys from the command line."""

import time
from asyncio import sleep
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic
from typing import NamedTuple

from services.token_issuer.composition.dependencies import registry_client
from services.token_issuer.config import NAME, Settings
from services.token_issuer.signing import KeySteps, key_steps
from services.token_issuer.signing_keys.audit_lines import published
from services.token_issuer.signing_keys.emergency import (
    Refused,
    just_replaced,
    key_to_end,
    what_stops,
)
from services.token_issuer.signing_keys.states import IN_USE, KeyState
from services.token_issuer.storage.postgres import open_database
from services.token_issuer.storage.postgres.signing_keys import PostgresSigningKeys
from shared.audit.trail import AuditTrail
from shared.clock import Clock, SystemClock
from shared.contracts.key_registry import KeyRegistryClient, Revocation
from shared.contracts.signing_keys import SigningKeyReporter
from shared.errors import Unavailable
from shared.postgres.schema import SchemaMismatch

REVOKED_KEY_RETENTION_S = 31 * 86400.0
"""Seconds for which verifiers refuse a revoked key by the registry's word: many times the life of its tokens, since
until the store has it as revoked too, whoever holds the key could sign new ones."""
DEFAULT_TIMEOUT_S = 900.0
"""Seconds that a command waits for the next key to sign."""
WAIT_INTERVAL_S = 0.5
PROGRESS_INTERVAL_S = 10.0
"""Seconds between two lines that say the same of what is waited for."""

Say = Callable[[str], object]
"""Prints one line."""


class NotDoneInTime(Exception):
    """The key is published, and does not sign yet: the issuer goes on by itself."""


class Opened(NamedTuple):
    steps: KeySteps
    registry: KeyRegistryClient
    audit: AuditTrail
    reporter: SigningKeyReporter


@asynccontextmanager
async def _opened(settings: Settings, clock: Clock) -> AsyncIterator[Opened]:
    database = open_database(
        settings.database_dsn, size=settings.database_pool_size, timeout=settings.store_timeout
    )
    calls = registry_client(settings, clock)
    registry = KeyRegistryClient(calls)
    audit = AuditTrail(registry, service=NAME, clock=clock)
    async with AsyncExitStack() as started:
        for resource in (database, calls, audit):
            await resource.start()
            started.push_async_callback(resource.stop)
        steps = key_steps(settings, PostgresSigningKeys(database), calls, audit)
        yield Opened(steps, registry, audit, SigningKeyReporter(calls))


async def rotate_signing_key(
    settings: Settings, say: Say, *, wait: bool = True, timeout_s: float = DEFAULT_TIMEOUT_S, min_age_s: float = 0.0
) -> None:
    """Publish a new key, and wait until it signs, which is once every gateway has it.

    Where a key waits already, that one is waited for: to run this again after a failure is safe. With `min_age_s`
    nothing is done while the present key has signed for less. The audit line comes first: where there can be none,
    nothing changes. Raises `SchemaMismatch`, `Unavailable`, `Refused` and `NotDoneInTime`.
    """
    async with _opened(settings, SystemClock()) as opened:
        steps = opened.steps
        await steps.store.require_known_schema()
        keys = await steps.rollout.keys()
        age = 0.0 if keys.signing is None else await steps.store.time() - (keys.signing.signing_since or 0.0)
        if keys.pending is None and keys.signing is not None and age < min_age_s:
            say(f"{keys.signing.kid} has signed for {age:.0f} s, less than {min_age_s:g} s: nothing is done")
            return
        if keys.pending is not None:
            say(f"{keys.pending.kid} ({keys.pending.algorithm}) is published already")
        else:
            started = opened.audit.event("signing_key.rotation_started", subject_kind="signing_key")
            await opened.audit.record(started)
            if not keys.records and (first := await steps.rotator.ensure_first()) is not None:
                say(f"{first.kid} ({first.algorithm}) is the first key, and signs at once")
                return
            await _publish(opened, say)
        if wait:
            await _wait_until_signing(steps, say, timeout_s)
        else:
            say("it signs once every gateway has it: GET /admin/v1/signing-keys shows how far it is")


async def replace_signing_key(
    settings: Settings,
    say: Say,
    confirmed: Callable[[], bool],
    *,
    kid: str = "",
    dry_run: bool = False,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> None:
    """Emergency: revoke the key that signs, and all its tokens; a new one signs as soon as every gateway has it.

    Says what that stops, and then asks `confirmed`. Run again after a failure it goes on where it ended, and within
    `JUST_REPLACED_S` it does not revoke the successor, unless `kid` names it. Raises as `rotate_signing_key` does.
    """
    async with _opened(settings, SystemClock()) as opened:
        await opened.steps.store.require_known_schema()
        keys, now = await opened.steps.rollout.keys(), await opened.steps.store.time()
        doomed = key_to_end(keys, kid)
        if doomed is None:
            say("the key that signed is revoked already")
        elif not kid and (replaced := just_replaced(keys, now)):
            ago = now - (replaced.revoked_at or now)
            say(
                f"{replaced.kid} was revoked {ago:.0f} s ago, and {doomed.kid} signs in its place: nothing is done."
            )
            say("To revoke that as well, name it by --kid")
            return
        else:
            live = await _live_tokens(opened.reporter, doomed.kid)
            for line in what_stops(doomed, settings.token_lifetime, settings.signing_key_emergency_wait, live):
                say(line)
            if dry_run:
                say("nothing is done (dry run)")
                return
            if not confirmed():
                raise Refused("nothing is done")
            await _revoke(opened, doomed.kid)
            say(f"{doomed.kid} is revoked: every gateway refuses its tokens within a second")
        if dry_run:
            return
        await _replace(opened, say, timeout_s)


async def _live_tokens(reporter: SigningKeyReporter, kid: str) -> int | None:
    """None when it cannot be known: an emergency does not wait for it to be."""
    try:
        return await reporter.live_tokens(kid)
    except Unavailable:
        return None


async def revoke_signing_key(
    settings: Settings, kid: str, say: Say, *, timeout_s: float = DEFAULT_TIMEOUT_S
) -> None:
    """End a key now: every verifier refuses its tokens, and if it is the one that signs, another takes its place.

    The verifiers come first, whatever becomes of the rest: a new RSA key takes seconds, and the database may be
    away or of another release. Until there is a successor nothing is issued; a running issuer may be quicker to
    create it. Safe to run again after a failure. Raises as `rotate_signing_key` does, and `Refused` also for a kid
    that the store has not: it may be one of a database that was restored since, or mistyped.
    """
    async with _opened(settings, SystemClock()) as opened:
        await _revoke(opened, kid)
        keys = await opened.steps.rollout.keys()
        if kid not in keys.states:
            known = ", ".join(record.kid for record in keys.having(*IN_USE)) or "none"
            raise Refused(f"{kid} is no key here, and verifiers refuse it from now on; keys in use: {known}")
        if keys.signing is None:
            await _replace(opened, say, timeout_s)
            keys = await opened.steps.rollout.keys()
        say(f"{kid} is revoked; {keys.signing.kid if keys.signing else 'no key'} signs")


async def _revoke(opened: Opened, kid: str) -> None:
    until = time.time() + REVOKED_KEY_RETENTION_S
    await opened.registry.revoke(
        Revocation(kind="signing_key", id=kid, until=until, reason="revoked by an operator")
    )
    await opened.steps.store.require_known_schema()
    await opened.steps.rotator.revoke(kid)


async def _replace(opened: Opened, say: Say, timeout_s: float) -> None:
    """See to it that a key signs, which is one that waits already or a new one."""
    keys = await opened.steps.rollout.keys()
    if keys.signing is None and keys.pending is None:
        await _publish(opened, say)
    await _wait_until_signing(opened.steps, say, timeout_s)


async def _publish(opened: Opened, say: Say) -> None:
    record = await opened.steps.rotator.publish()
    if record is None:
        say("another process has published a key meanwhile")
        return
    await opened.audit.record(published(opened.audit, record))
    say(f"{record.kid} ({record.algorithm}) is published")


async def _wait_until_signing(steps: KeySteps, say: Say, timeout_s: float) -> None:
    """Until no key waits any more; takes the steps itself, so that no issuer needs to run."""
    ends_at, said, said_at = monotonic() + timeout_s, "", float("-inf")
    awaited = (await steps.rollout.keys()).pending
    while True:
        state = await _step(steps)
        keys = await steps.rollout.keys()
        if keys.pending is None:
            break
        now, news = monotonic(), state.partition(";")[0]
        if news != said or now - said_at >= PROGRESS_INTERVAL_S:
            say(f"waiting: {state}")
            said, said_at = news, now
        if now >= ends_at:
            raise NotDoneInTime(f"{keys.pending.kid} does not sign yet; the issuer goes on by itself: {state}")
        await sleep(WAIT_INTERVAL_S)
    if awaited is not None and keys.states.get(awaited.kid) is KeyState.REVOKED:
        raise Refused(f"{awaited.kid} was revoked before it signed")
    if keys.signing is not None:
        say(f"{keys.signing.kid} ({keys.signing.algorithm}) signs")


async def _step(steps: KeySteps) -> str:
    """What is waited for, once one step was tried."""
    try:
        return str(await steps.rollout.advance())
    except SchemaMismatch:
        raise
    except Unavailable as error:
        return error.description
