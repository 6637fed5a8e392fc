"""Takes the next key from published to signing, once every gateway has reported having it.

Any number of copies, and of commands, may do so at once: each decides by the same store and the same reports, and
the store lets a key begin to sign once.
"""

import contextlib
from typing import Protocol

import structlog

from services.token_issuer.signing_keys.audit_lines import activated, published
from services.token_issuer.signing_keys.may_sign import Progress, RolloutTimes, progress_of
from services.token_issuer.signing_keys.reports import report_of
from services.token_issuer.signing_keys.states import KeyStates, key_states
from services.token_issuer.storage.ports import SigningKeyRecord, SigningKeyStore
from shared.audit.ports import Audit
from shared.contracts.signing_keys import Gateways, SigningKeyReport
from shared.errors import Unavailable

log = structlog.get_logger()


class GatewayReports(Protocol):
    async def report(self, report: SigningKeyReport) -> Gateways:
        """Report the keys; what each gateway has. Raises `Unavailable`."""
        ...


class KeyRollout:
    def __init__(
        self,
        store: SigningKeyStore,
        reports: GatewayReports,
        audit: Audit,
        times: RolloutTimes,
        *,
        token_lifetime: float,
        rotation_interval: float,
    ) -> None:
        """Lifetime and interval are in seconds; an interval of 0 means that nothing is rotated by the time."""
        self._store = store
        self._reports = reports
        self._audit = audit
        self._times = times
        self._token_lifetime = token_lifetime
        self._rotation_interval = rotation_interval

    async def keys(self) -> KeyStates:
        return (await self._read())[0]

    async def advance(self) -> Progress | None:
        """Report the keys, and let the next one sign if it may. None when none waits.

        Without the registry a key that waits goes on waiting. Raises `Unavailable` without the store, and when a
        line of the audit trail cannot be written.
        """
        keys, now = await self._read()
        try:
            found = await self._reports.report(self._report(keys, now))
        except Unavailable as error:
            log.debug("signing_key.report_failed", detail=error.detail)
            return progress_of(keys, None, now, self._times)
        progress, pending = progress_of(keys, found.gateways, now, self._times), keys.pending
        if progress is None or pending is None:
            return None
        if await self._store.set_confirmed(pending.kid, confirmed=progress.confirmed):
            log.info("signing_key.confirmation_changed", kid=pending.kid, confirmed=progress.confirmed)
        if progress.may_sign:
            await self._activate(pending, progress)
        return progress

    async def _activate(self, pending: SigningKeyRecord, progress: Progress) -> None:
        # The line of its publication may have been lost with the process that published it.
        await self._audit.record(published(self._audit, pending))
        await self._audit.record(activated(self._audit, pending, progress.lacking))
        if await self._store.activate(pending.kid):
            log.info("signing_key.activated", kid=pending.kid, lacking=progress.lacking)
            keys, now = await self._read()
            with contextlib.suppress(Unavailable):  # the next round reports it as well
                await self._reports.report(self._report(keys, now))

    async def _read(self) -> tuple[KeyStates, float]:
        """The keys, and a time at which they were no newer."""
        now = await self._store.time()
        return key_states(await self._store.all(), now, self._token_lifetime), now

    def _report(self, keys: KeyStates, now: float) -> SigningKeyReport:
        return report_of(keys, now, token_lifetime=self._token_lifetime, rotation_interval=self._rotation_interval)
