"""What a stop of an object would stop: what of it is alive, who uses it from where, what depends on it."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import present_one
from services.key_registry.access.visibility import Reference, find_visible
from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import APPLICATION, BOOKING, COMPANY, Resource, Row
from services.key_registry.ports.store import Store
from services.key_registry.usage.ports import (
    Dependent,
    DependentStore,
    ScopedCredential,
    UsageFilter,
    UsageQuery,
    UsageStore,
)
from services.key_registry.usage.reader import begun
from services.key_registry.usage.responses import DependentResponse, ImpactResponse, ImpactWindow
from services.key_registry.usage.sketch import count, merged
from shared.clock import Clock
from shared.scopes import intersection

WINDOWS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
MAX_SKETCHES = 5000
"""Hours times credentials whose addresses are merged for one response."""


class ImpactService:
    def __init__(
        self, usage: UsageStore, dependents: DependentStore, store: Store, access: AccessControl, clock: Clock
    ) -> None:
        self._usage = usage
        self._dependents = dependents
        self._store = store
        self._access = access
        self._clock = clock

    async def of(self, admin: Admin, resource: Resource, reference: Reference) -> ImpactResponse:
        """Raises `NotFound` for what is absent or another company's, `Forbidden` and `Unavailable`.

        A token bound to a company sees of an application what that company has to do with it.
        """
        self._access.permit(admin, Operation.READ, resource.kind)
        now = instant(self._clock.now())
        async with self._store.reading() as reader:
            row = await find_visible(reader, admin, resource, reference)
            shown = await present_one(reader, resource, row, now)
        dependents = list(await self._dependents.dependents(resource.kind, row["id"], admin.company_id))
        scoped = await self._scoped(resource, row, admin)
        which = await self._filter(resource, row, admin, [one.id for one in scoped], now)
        dependents += _counted(scoped)
        live = await self._usage.live(which)
        tokens = {} if row["status"] == "revoked" else live.tokens
        return ImpactResponse(
            id=row["id"],
            kind=resource.kind,
            status=row["status"],
            effective_status=shown["effective_status"],
            status_reason=shown["status_reason"],
            live_jwts=tokens.get("jwt", 0),
            live_session_tokens=tokens.get("session_token", 0),
            last_used_at=live.last_used_at,
            **await self._windows(which, now),
            dependents=[DependentResponse(**asdict(one)) for one in dependents if one.active or one.suspended],
        )

    async def _scoped(self, resource: Resource, row: Row, admin: Admin) -> Sequence[ScopedCredential]:
        """API clients and key pairs whose access tokens may depend on a booking or an application."""
        if resource not in (BOOKING, APPLICATION):
            return []
        application_id = row["id"] if resource is APPLICATION else row["application_id"]
        async with self._store.reading() as reader:
            application = await reader.find(APPLICATION, application_id)
        if application is None:
            return []
        found = await self._dependents.scoped(resource.kind, row["id"], admin.company_id)
        defined = application["scopes"]
        return await asyncio.to_thread(lambda: [one for one in found if _in_common(one.scopes, defined)])

    async def _filter(
        self, resource: Resource, row: Row, admin: Admin, scoped: Sequence[UUID], now: datetime
    ) -> UsageFilter:
        end = now + timedelta(hours=1)
        start = begun(now - WINDOWS["week"], "hour")
        if resource is COMPANY:
            return UsageFilter(start, end, row["id"])
        ids = [row["id"]]
        if resource in (BOOKING, APPLICATION):
            tokens = await self._dependents.api_tokens(resource.kind, row["id"], admin.company_id)
            ids = [*tokens, *scoped]
        return UsageFilter(start, end, None, ids)

    async def _windows(self, which: UsageFilter, now: datetime) -> dict[str, ImpactWindow]:
        query = UsageQuery("hour", which)
        sketches = await self._usage.sketches(query, "address", MAX_SKETCHES + 1)
        windows = {}
        for name, span in WINDOWS.items():
            since = begun(now - span, "hour")
            own = UsageFilter(since, which.end, which.company_id, which.credential_ids)
            addresses = None
            if len(sketches) <= MAX_SKETCHES:
                parts = [sketch for at, _, sketch in sketches if at >= since]
                addresses = count(await asyncio.to_thread(merged, parts))
            windows[name] = ImpactWindow(since=since, calls=await self._usage.calls(own), addresses=addresses)
        return windows


def _in_common(granted: Collection[str], defined: Collection[str]) -> bool:
    return any(intersection(one, other) is not None for one in granted for other in defined)


def _counted(scoped: Sequence[ScopedCredential]) -> list[Dependent]:
    return [
        Dependent(
            kind,
            sum(1 for one in scoped if one.kind == kind and one.active),
            sum(1 for one in scoped if one.kind == kind and one.suspended),
        )
        for kind in ("api_client", "key_pair")
    ]
