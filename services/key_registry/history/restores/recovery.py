"""Goes on with a restored history: what was stopped is stopped again, and no position is used a second time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from services.key_registry.catalog.field_types import instant
from services.key_registry.history.comparison import Loss, find_loss
from services.key_registry.history.guard import CannotRely
from services.key_registry.history.ports import RecoveryStore, RecoveryWriter, Restore
from services.key_registry.history.records import HistoryContent, HistoryHead
from services.key_registry.history.restores.objects import StoppingAgain
from services.key_registry.history.restores.people import hold_people
from services.key_registry.history.restores.stopped_again import ACTOR, StoppedAgain, first_change_after
from services.key_registry.recording.recorder import append
from shared.clock import Clock
from shared.contracts.key_registry import AuditEvent

MAX_REPORTED = 1000
"""Objects that the report of a restore names."""
RESTORED_CHANGE_LIFE_S = 3600.0


class OlderThanKnown(CannotRely):
    """The dump is older than what the copies reach back to: an operator is to decide."""

    def __init__(self, loss: Loss, horizon: int) -> None:
        super().__init__(
            "the restored database is older than what is known of stopped credentials: run "
            "`python -m services.key_registry check-history`",
            retry_after=30,
            detail=f"{loss}; what changed up to {horizon} is not known outside",
        )
        self.horizon = horizon


class Recovery:
    def __init__(self, store: RecoveryStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def recover(
        self, history: str, kept: HistoryContent, heads: Sequence[HistoryHead], *, accept_loss: bool = False
    ) -> Restore | None:
        """Go on with the history, in one transaction; None where another process has done so meanwhile.

        `kept` is what is known of the objects, `heads` is how far the history was known to be. Raises
        `OlderThanKnown` unless `accept_loss`, with which all that the signing keys have signed ends.
        """
        async with self._store.recovering() as writer:
            loss = find_loss(list(heads), await writer.state(heads))
            if loss is None:
                return None
            complete = kept.head.horizon <= loss.found.position.seq
            if not complete and not accept_loss:
                raise OlderThanKnown(loss, kept.head.horizon)
            writer.go_on_after(loss.lost.position.seq)
            resumed = await self._mark_restore(writer, loss)
            stopping = StoppingAgain(writer, self._clock, loss.found.position.seq)
            stopped = list(await stopping.stop_again(kept.in_order()))
            stopped += await hold_people(writer, kept.in_order(), self._clock.now())
            sessions = await writer.end_all_sessions(instant(self._clock.now()))
            if not complete:
                stopped += await self._end_all_tokens(writer, stopping)
            return await self._keep(writer, history, loss, resumed, stopped, sessions, complete=complete)

    async def _mark_restore(self, writer: RecoveryWriter, loss: Loss) -> int:
        """The first change after the restore, which concerns nobody: it takes a position that was never used."""
        now, name = await writer.time(), first_change_after(loss.lost.position.seq)
        return await writer.append_change("jwt", name, "revoked", now, now + RESTORED_CHANGE_LIFE_S)

    async def _end_all_tokens(self, writer: RecoveryWriter, stopping: StoppingAgain) -> list[StoppedAgain]:
        """Who holds one may be of a credential that nobody knows any more."""
        kids = await writer.signing_kids()
        return [StoppedAgain("signing_key", kid, "revoked") for kid in kids if await stopping.revoke_key(kid)]

    async def _keep(
        self,
        writer: RecoveryWriter,
        history: str,
        loss: Loss,
        resumed: int,
        stopped: Sequence[StoppedAgain],
        sessions: Mapping[str, int],
        *,
        complete: bool,
    ) -> Restore:
        objects, ended = Counter(each.what for each in stopped), +Counter(sessions)
        summary: dict[str, Any] = {
            "complete": complete,
            "objects": dict(sorted(objects.items())),
            "ended": dict(sorted(ended.items())),
        }
        restore = Restore(
            at=await writer.time(),
            found_seq=loss.found.position.seq,
            lost_seq=loss.lost.position.seq,
            resumed_seq=resumed,
            found_audit_seq=loss.found.audit_seq,
            lost_audit_seq=max(loss.lost.audit_seq, loss.found.audit_seq),
            report={**summary, "items": [list(each) for each in stopped[:MAX_REPORTED]]},
        )
        await writer.keep_restore(restore)
        detail = {
            **summary,
            "changes": [restore.found_seq, restore.lost_seq],
            "audit_lines": [restore.found_audit_seq, restore.lost_audit_seq],
            "lost_audit_head": loss.lost.audit_hash.hex(),
        }
        event = AuditEvent(
            action="history.restored",
            actor=ACTOR,
            subject_kind="history",
            subject=history,
            at=restore.at,
            detail=detail,
        )
        await append(writer, [event])
        return restore
