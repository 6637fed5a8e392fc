"""Keeping signing keys in working order: the first one, the next one in time, and a successor for a revoked one."""

import asyncio

import structlog

from services.token_issuer.signing_keys.may_sign import Progress
from services.token_issuer.signing_keys.ring import KeyRing
from services.token_issuer.signing_keys.rollout import KeyRollout
from services.token_issuer.signing_keys.rotation import KeyRotator, next_rotation_at
from shared.clock import Clock
from shared.contracts.key_registry import Change, Snapshot
from shared.errors import Unavailable

log = structlog.get_logger()

URGENT_INTERVAL_S = 0.25
"""Seconds between two rounds while no key signs."""
REPORT_INTERVAL_S = 10.0
"""Seconds between two reports to the registry while nothing changes."""


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

    def __init__(
        self,
        ring: KeyRing,
        rotator: KeyRotator,
        rollout: KeyRollout,
        clock: Clock,
        wake: asyncio.Event,
        *,
        rotation_interval: float,
    ) -> None:
        """`rotation_interval`: see `KeyRollout`. `wake` is set when the next round is to come soon."""
        self._ring = ring
        self._rotator = rotator
        self._rollout = rollout
        self._clock = clock
        self._wake = wake
        self._rotation_interval = rotation_interval
        self._reported_at = float("-inf")
        self._stuck = ""
        """The kid whose rotation was found stuck."""
        self.progress: Progress | None = None
        """Of the key that waits to sign, as of the last round."""

    async def run(self) -> None:
        """One round. Raises `Unavailable`."""
        await self._ring.reload()
        revoked = self._ring.revoked()
        for kid in revoked:
            await self._rotator.revoke(kid)
        if revoked:
            await self._ring.reload()
        added = await self._add_missing()
        if added:
            await self._ring.reload()
        await self._advance(changed=added or bool(revoked))

    async def _add_missing(self) -> bool:
        """Whether a key was missing: the first, the successor of a revoked one, or the next by the schedule.

        It is there now, be it by this copy or by another.
        """
        keys = self._ring.keys
        if not keys.records:
            await self._rotator.ensure_first()
            return True
        due = next_rotation_at(keys, self._rotation_interval)
        if keys.pending is None and (keys.signing is None or (due is not None and self._clock.now() >= due)):
            await self._rotator.publish()
            return True
        return False

    async def _advance(self, *, changed: bool) -> None:
        waiting = self._ring.keys.pending is not None
        now = self._clock.monotonic()
        if not (waiting or changed or self.progress or now - self._reported_at >= REPORT_INTERVAL_S):
            return
        self.progress = await self._rollout.advance()
        self._reported_at = now
        if self.progress is None:
            return
        if self.progress.may_sign:
            self.progress = None
            await self._ring.reload()
        elif self.progress.urgent:
            asyncio.get_running_loop().call_later(URGENT_INTERVAL_S, self._wake.set)
        self._log_stuck()

    def _log_stuck(self) -> None:
        """Once for each key."""
        if self.progress is not None and self.progress.stuck and self._stuck != self.progress.kid:
            self._stuck = self.progress.kid
            log.warning("signing_key.rotation_stuck", kid=self._stuck, reason=str(self.progress))

    async def check_rotation(self) -> None:
        """For health: raises `Unavailable` when a key has waited for too long, naming the gateways that lack it."""
        if self.progress is not None and self.progress.stuck:
            raise Unavailable(f"{self.progress.kid} does not sign yet: {self.progress}")
