"""All limits that there are, kept true by a `ChangeFollower` as one of its consumers."""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
import structlog

from shared.clock import Clock
from shared.contracts.key_registry import Change, Snapshot
from shared.contracts.limits import Limits, ObjectLimits
from shared.limits.limited_call import LimitedCall
from shared.limits.limited_object import LimitedObject
from shared.limits.shares import Shares
from shared.scopes import covered

log = structlog.get_logger()

_NO_LIMITS = Limits()
_ALL_READ: frozenset[str] = frozenset()
MAX_CACHED_CALLS = 8192


class LimitTable:
    """By the ids of companies, bookings and credentials."""

    def __init__(self, shares: Shares, clock: Clock) -> None:
        self._shares = shares
        self._clock = clock
        self.objects: dict[str, LimitedObject] = {}
        self._scopes: dict[str, tuple[str, ...]] = {}
        """Of the applications that limited bookings are of."""
        self._calls: dict[tuple[str | None, ...], LimitedCall | None] = {}
        """What was found before. Bounded, as clients choose their addresses."""
        self.generation = object()
        """Another one whenever a limit has changed: what was found before is to be looked up again."""

    def reset(self, snapshot: Snapshot) -> None:
        before, self.objects, self._scopes = self.objects, {}, {}
        for entry in snapshot.limits:
            self._put(entry, before.get(entry.id))
        self._changed()

    def apply(self, change: Change) -> None:
        if change.limits is not None:
            entry = change.limits.model_copy(update={"id": change.id, "kind": change.kind})
            self._put(entry, self.objects.pop(change.id, None))
            self._changed()
        elif change.status == "revoked" and self.objects.pop(change.id, None) is not None:
            self._changed()

    def _changed(self) -> None:
        self.generation = object()
        self._calls.clear()
        self._shares.take_part(present=bool(self.objects))

    def _put(self, entry: ObjectLimits, before: LimitedObject | None) -> None:
        application_id = entry.application_id or (entry.id if entry.kind == "application" else None)
        if application_id is not None and entry.scopes is not None:
            self._scopes[application_id] = entry.scopes
        limits, unreadable = (_NO_LIMITS, _ALL_READ) if entry.limits is None else _read(entry.limits)
        if unreadable:
            log.error("limits.unreadable", kind=entry.kind, id=entry.id, members=sorted(unreadable))
        if before is not None and (before.limits, before.unreadable) == (limits, unreadable):
            self.objects[entry.id] = before
        elif unreadable or not limits.empty:
            self.objects[entry.id] = LimitedObject(entry.kind, entry.id, limits, application_id, unreadable)

    def of(
        self, ids: Collection[str], *, client: str, route: str | None = None, scopes: Sequence[str] = ()
    ) -> LimitedCall | None:
        """The limits of a call from the address `client` that depends on the objects `ids`; None: it has none.

        A booking's limits hold for what needs a scope of its application; for a `route` that needs none, those of
        all bookings do. Without a route only addresses and rates count: for a token endpoint.
        """
        if self.objects.keys().isdisjoint(ids):
            return None
        found = [id_ for id_ in ids if id_ in self.objects]
        key = (client, route, *scopes, "", *found)
        if key in self._calls:
            return self._calls[key]
        if len(self._calls) >= MAX_CACHED_CALLS:
            self._calls.clear()
        call = self._calls[key] = self._new(found, client, route, scopes)
        return call

    def _new(self, ids: Sequence[str], client: str, route: str | None, scopes: Sequence[str]) -> LimitedCall | None:
        objects = [self.objects[id_] for id_ in ids]
        if scopes:
            objects = [found for found in objects if self._concerns(found, scopes)]
        if not objects:
            return None
        beyond = []
        for found in objects:
            of_route = None if route is None else found.beyond_route(route)
            at = (found.beyond_address(client), of_route, found.beyond_unreadable(rates_alone=route is None))
            beyond += [(found.limits.report_only, exceeded) for exceeded in at if exceeded is not None]
        blocked = next((exceeded for report_only, exceeded in beyond if not report_only), None)
        meters = [meter for found in objects for meter in (found.rate_meters if route is None else found.meters)]
        reported = [exceeded for report_only, exceeded in beyond if report_only]
        return LimitedCall(meters, self._shares, self._clock, blocked=blocked, reported=reported)

    def _concerns(self, found: LimitedObject, scopes: Sequence[str]) -> bool:
        defined = self._scopes.get(found.application_id or "")
        return defined is None or any(covered(defined, scope) for scope in scopes)


def _read(limits: Mapping[str, Any]) -> tuple[Limits, frozenset[str]]:
    return _shared(orjson.dumps(limits, option=orjson.OPT_SORT_KEYS))


@lru_cache(maxsize=4096)
def _shared(limits: bytes) -> tuple[Limits, frozenset[str]]:
    """Most objects have one of a few combinations of limits."""
    return Limits.read_each(orjson.loads(limits))
