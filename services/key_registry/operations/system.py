"""What the platform runs on: processes that follow the changes, stores, copies of the history, the audit trail."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from services.key_registry.access.control import AccessControl
from services.key_registry.audit_trail.checkpoints import read_checkpoint
from services.key_registry.audit_trail.ports import Checkpoints
from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.permissions import Admin
from services.key_registry.changes.consumers import Consumers
from services.key_registry.history.ports import Restore
from services.key_registry.operations.access import permit_platform
from services.key_registry.operations.overview import behind
from services.key_registry.operations.ports import CopyProgress, Follower, OperationsStore
from services.key_registry.operations.responses import (
    AuditState,
    CheckpointState,
    DependencyResponse,
    FollowerResponse,
    HistoryCopyResponse,
    RestoreResponse,
    SystemResponse,
)
from shared.clock import Clock
from shared.release import RELEASE


class DependencyState(Protocol):
    """One of the checks of this process's health."""

    @property
    def name(self) -> str: ...
    @property
    def ok(self) -> bool: ...
    @property
    def required(self) -> bool: ...
    @property
    def latency_ms(self) -> float: ...
    @property
    def reason(self) -> str: ...


class System:
    """`dependencies`: the checks of this process's health. `copies` and `restored`: of the history."""

    def __init__(
        self,
        operations: OperationsStore,
        consumers: Consumers,
        checkpoints: Checkpoints,
        *,
        dependencies: Callable[[], Awaitable[Sequence[DependencyState]]],
        copies: Callable[[], Sequence[CopyProgress]],
        restored: Callable[[], Restore | None],
        access: AccessControl,
        clock: Clock,
    ) -> None:
        self._operations = operations
        self._consumers = consumers
        self._checkpoints = checkpoints
        self._dependencies = dependencies
        self._copies = copies
        self._restored = restored
        self._access = access
        self._clock = clock

    async def show(self, admin: Admin) -> SystemResponse:
        """Raises `Forbidden` for whoever is bound to a company."""
        permit_platform(self._access, admin)
        last, versions = await self._operations.last_change(), await self._operations.versions()
        followers = await self._operations.followers(*self._consumers.counted_reports())
        restored = self._restored()
        return SystemResponse(
            as_of=instant(self._clock.now()),
            position=last,
            followers=[_follower(each, last) for each in followers],
            dependencies=[_dependency(each) for each in await self._dependencies()],
            release=RELEASE,
            database_version=versions.server,
            schema_revision=versions.schema,
            history_copies=[_copy(each, last) for each in self._copies()],
            restore=None if restored is None else _restore(restored),
            audit=await self._audit(),
        )

    async def _audit(self) -> AuditState:
        lines = (await self._checkpoints.head()).seq
        newest = await self._checkpoints.newest(None, 1)
        if not newest:
            return AuditState(lines=lines, checkpoint=None)
        signed = read_checkpoint(newest[0].jws, None)
        shown = CheckpointState(at=instant(signed.at), count=signed.count, lines_since=max(0, lines - signed.count))
        return AuditState(lines=lines, checkpoint=shown)


def _follower(follower: Follower, last: int) -> FollowerResponse:
    changes = behind(follower, last)
    since = follower.behind_since if changes else None
    return FollowerResponse(
        service=follower.service,
        instance=follower.instance,
        release=follower.release,
        joined_at=instant(follower.joined_at),
        reported_at=instant(follower.reported_at),
        behind=changes,
        behind_since=None if since is None else instant(since),
    )


def _dependency(state: DependencyState) -> DependencyResponse:
    return DependencyResponse(
        name=state.name,
        state="up" if state.ok else "down",
        required=state.required,
        latency_ms=state.latency_ms,
        reason=state.reason or None,
    )


def _copy(copy: CopyProgress, last: int) -> HistoryCopyResponse:
    state = {True: "up", False: "down", None: "unknown"}[copy.up]
    reached = None if copy.reached is None else max(0, last - copy.reached)
    return HistoryCopyResponse.model_validate({"name": copy.name, "state": state, "behind": reached})


def _restore(restore: Restore) -> RestoreResponse:
    return RestoreResponse(
        at=instant(restore.at),
        lost_changes=restore.lost_changes,
        lost_audit_lines=restore.lost_audit_lines,
        objects=sum(restore.report["objects"].values()),
        complete=restore.report["complete"],
    )
