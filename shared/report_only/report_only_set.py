"""What the key registry says is report-only: stops that are tried, and scopes of applications."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Protocol

from shared.background_task import PeriodicTask, TaskOwner
from shared.clock import Clock
from shared.contracts.report_only import ReportOnlyList, TrialStop
from shared.report_only.counts import ReportOnlyCounts, WouldRefuse
from shared.report_only.scopes import ReportOnlyScopes

POLL_INTERVAL_S = 5.0
"""Seconds after which a trial has begun, or a scope is report-only, or is not any more, everywhere."""


class ReportOnlySource(Protocol):
    async def report_only_list(self) -> ReportOnlyList:
        """Raises `Unavailable`."""
        ...


class ReportOnlySet(TaskOwner):
    """Kept as the registry last said it, by polling.

    While the registry is unavailable, trials go on until their time is up, and the scopes are as they were.
    """

    def __init__(self, source: ReportOnlySource, counts: ReportOnlyCounts, clock: Clock) -> None:
        self._source = source
        self.counts = counts
        self._clock = clock
        self.trial_stops: Mapping[str, TrialStop] = MappingProxyType({})
        """By the id of the object. Look here first: as a rule it is empty, and costs a call nothing else."""
        self.scopes = ReportOnlyScopes()
        self.tasks = (PeriodicTask("trial_stops", self.poll, interval=POLL_INTERVAL_S, early_retry=False),)

    async def poll(self) -> None:
        found = await self._source.report_only_list()
        self.trial_stops = {stop.id: stop for stop in found.stops}
        self.scopes.replace(found.scopes)

    def count_stop(self, depends_on: Iterable[str], company_id: str, request_id: str) -> None:
        """Count a call that is accepted, for the first of the ids that it depends on whose stop is tried."""
        tried = self.trial_stops
        for id_ in depends_on if tried else ():
            stop = tried.get(id_)
            if stop is not None and stop.until > self._clock.now():
                self.counts.count(WouldRefuse("stop", id_, stop.status, company_id), request_id)
                return
