"""Signs checkpoints of the audit trail: on a schedule, and when somebody wants one."""

import structlog

from services.key_registry.audit_trail.checkpoints import Checkpoint, CheckpointKeys, read_checkpoint
from services.key_registry.audit_trail.ports import Checkpoints
from shared.background_task import PeriodicTask, TaskOwner
from shared.clock import Clock

log = structlog.get_logger()

CHECKPOINTS_KEPT_S = 400 * 86400
"""Seconds for which the registry itself keeps a checkpoint."""


class Checkpointing(TaskOwner):
    """Several copies of the registry may run one each: what one of them has just signed serves for all."""

    def __init__(self, store: Checkpoints, keys: CheckpointKeys, clock: Clock, *, interval: float) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._interval = interval
        self.tasks = (PeriodicTask("audit_checkpoints", self.sign_when_due, interval=interval),)

    async def sign_when_due(self) -> None:
        """Sign one unless the newest is as new as that, or the trail has not grown since. Raises `Unavailable`."""
        now, count = self._clock.now(), (await self._store.head()).seq
        for newest in await self._store.newest(None, 1):
            known = read_checkpoint(newest.jws, None)
            unchanged = (known.count, known.epoch) == (count, await self._store.epoch())
            if unchanged or 0 <= now - newest.at < self._interval / 2:
                return
        if not count:
            return
        await self.sign()
        await self._store.prune(now - CHECKPOINTS_KEPT_S)

    async def sign(self) -> str:
        """A checkpoint of the trail's end as it is now, kept and logged. Raises `Unavailable`."""
        head, now, epoch = await self._store.head(), self._clock.now(), await self._store.epoch()
        jws = self._keys.sign(Checkpoint(head.seq, head.hash, int(now), epoch))
        await self._store.keep(jws, now)
        log.info("audit_checkpoint.signed", count=head.seq, history=epoch)
        return jws
