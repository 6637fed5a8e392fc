"""What an operator looks at first, at a cost that does not grow with companies, credentials or calls."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from itertools import groupby

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import name_of
from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.permissions import Admin
from services.key_registry.changes.consumers import Consumers
from services.key_registry.operations.access import permit_platform
from services.key_registry.operations.ports import Follower, HourTotal, OperationsStore, Stop
from services.key_registry.operations.responses import (
    CallsOfHour,
    ExpiringCredentials,
    FirstStepsTaken,
    OverviewResponse,
    ServiceProgress,
    StopInFlight,
)
from services.key_registry.ports.store import Store
from services.key_registry.usage.responses import CallsByOutcome
from shared.clock import Clock
from shared.contracts.credential_expiry import EXPIRES_SOON_S

HOURS = 24
"""Before the present one."""
MAX_EXPIRING = 1000
"""That are counted."""
MAX_IN_FLIGHT = 20


class Overview:
    def __init__(
        self, operations: OperationsStore, store: Store, consumers: Consumers, access: AccessControl, clock: Clock
    ) -> None:
        self._operations = operations
        self._store = store
        self._consumers = consumers
        self._access = access
        self._clock = clock

    async def show(self, admin: Admin) -> OverviewResponse:
        """Raises `Forbidden` for whoever is bound to a company."""
        permit_platform(self._access, admin)
        now = instant(self._clock.now())
        until = now + timedelta(seconds=EXPIRES_SOON_S)
        first_hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS)
        hours = await self._operations.hours(first_hour)
        expiring = await self._operations.expiring(now, until, MAX_EXPIRING + 1)
        last = await self._operations.last_change()
        followers = await self._operations.followers(*self._consumers.counted_reports())
        return OverviewResponse(
            as_of=now,
            hours=[_hour(each) for each in hours],
            expiring=ExpiringCredentials(
                until=until, credentials=min(expiring, MAX_EXPIRING), more=expiring > MAX_EXPIRING
            ),
            in_flight=await self._in_flight(followers),
            services=_services(followers, last),
            there_is=FirstStepsTaken(**asdict(await self._operations.first_steps())),
        )

    async def _in_flight(self, followers: Sequence[Follower]) -> list[StopInFlight]:
        """What the furthest behind has not applied, the newest first."""
        if not followers:
            return []
        stops = await self._operations.stops(min(follower.position for follower in followers), MAX_IN_FLIGHT)
        if not stops:
            return []
        async with self._store.reading() as reader:
            return [_stop(stop, await name_of(reader, stop.kind, stop.id), followers) for stop in stops]


def behind(follower: Follower, last: int) -> int:
    """How many changes it has not applied; one that has reported a later one than `last` has applied all."""
    return max(0, last - follower.position)


def _services(followers: Sequence[Follower], last: int) -> list[ServiceProgress]:
    """Of each service the one that is furthest behind; `followers` are in the order of services."""
    found = []
    for service, group in groupby(followers, lambda follower: follower.service):
        of_service = list(group)
        since = [each.behind_since for each in of_service if each.behind_since is not None and behind(each, last)]
        found.append(
            ServiceProgress(
                service=service,
                instances=len(of_service),
                behind=max(behind(each, last) for each in of_service),
                behind_since=instant(min(since)) if since else None,
            )
        )
    return found


def _stop(stop: Stop, name: str | None, followers: Sequence[Follower]) -> StopInFlight:
    return StopInFlight(
        receipt=stop.position,
        kind=stop.kind,
        subject=stop.id,
        subject_name=name,
        status=stop.status,
        at=instant(stop.at),
        applied=sum(follower.position >= stop.position for follower in followers),
        of=len(followers),
    )


def _hour(hour: HourTotal) -> CallsOfHour:
    calls = dict.fromkeys(CallsByOutcome.model_fields, 0)
    for (outcome, _), number in hour.calls.items():
        calls[outcome] += number
    refusals = {cause: number for (outcome, cause), number in hour.calls.items() if outcome == "refused"}
    return CallsOfHour(period=hour.at, calls=CallsByOutcome(**calls), refusals=refusals)
