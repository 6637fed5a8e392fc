"""Reading usage in pages, by hours, days or months."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, get_args
from uuid import UUID

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import CredentialName, company_names, credential_names
from services.key_registry.access.visibility import Reference, identify
from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import API_CLIENT, COMPANY, KEY_PAIR, Row
from services.key_registry.ports.store import Reader, Store
from services.key_registry.usage.ports import By, Group, UsageFilter, UsageQuery, UsageRow, UsageStore
from services.key_registry.usage.responses import CallsByOutcome, CredentialDays, UsageResponse
from services.key_registry.usage.sketch import count, merged
from shared.clock import Clock
from shared.contracts.usage.messages import Outcome
from shared.errors import Unprocessable

DEFAULT_SPAN: Mapping[By, timedelta] = {
    "hour": timedelta(days=1),
    "day": timedelta(days=30),
    "month": timedelta(days=365),
    "total": timedelta(days=30),
}
_END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)
MAX_SKETCHES = 2000
"""That one page merges: access keys times periods."""


@dataclass(frozen=True, slots=True)
class UsageRequest:
    by: By
    start: datetime | None
    end: datetime | None
    company: Reference | None
    credentials: Sequence[Reference] | None
    route: str | None
    groups: Sequence[Group]
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class UsagePage:
    items: Sequence[UsageResponse]
    end: datetime
    """What `end` of the next page is to be, so that the two fit together."""
    more: bool


class _Names(NamedTuple):
    companies: Mapping[str | None, Row]
    credentials: Mapping[UUID, CredentialName]


class UsageReader:
    """A token bound to a company sees the usage of that company's own credentials."""

    def __init__(self, usage: UsageStore, store: Store, access: AccessControl, clock: Clock) -> None:
        self._usage = usage
        self._store = store
        self._access = access
        self._clock = clock

    async def page(self, admin: Admin, requested: UsageRequest) -> UsagePage:
        """The newest period first. Raises `Unprocessable` for a `from` that is not before `to`."""
        self._access.permit(admin, Operation.READ, "usage")
        end = requested.end or instant(self._clock.now())
        start = begun(
            end - DEFAULT_SPAN[requested.by] if requested.start is None else requested.start, requested.by
        )
        if requested.start is not None and requested.start >= end:
            raise Unprocessable.field("from", "must be before to, which is now unless given")
        which = await self._filter(admin, requested, begun(start, requested.by), end)
        if which is None:
            return UsagePage((), end, more=False)
        query = UsageQuery(requested.by, which, requested.groups)
        rows = await self._usage.rows(query, requested.limit + 1, requested.offset)
        shown = rows[: requested.limit]
        users = await self._users(query, shown)
        names = await self._names(admin, shown)
        items = [
            _shown(row, names, None if users is None else users.get(_key(row.at, row.group), 0)) for row in shown
        ]
        return UsagePage(items, end, more=len(rows) > requested.limit)

    async def by_credential(self, admin: Admin, ids: Sequence[UUID], days: int) -> list[CredentialDays]:
        """Calls of each of these credentials on each of the last days, today included; in the order of `ids`.

        Of what is another company's, or is not there, there are none.
        """
        self._access.permit(admin, Operation.READ, "usage")
        end = instant(self._clock.now())
        first = begun(end, "day") - timedelta(days=days - 1)
        which = UsageFilter(first, end, admin.company_id, tuple(ids))
        query = UsageQuery("day", which, ("credential_id",))
        found: dict[object, dict[datetime, CallsByOutcome]] = {id_: {} for id_ in ids}
        for row in await self._usage.rows(query, len(ids) * days, 0):
            found[row.group["credential_id"]][row.at] = _calls(row)
        every = [first + timedelta(days=number) for number in range(days)]
        none = CallsByOutcome()
        days_of = {id_: [calls.get(day, none) for day in every] for id_, calls in found.items()}
        return [CredentialDays(credential_id=id_, first_day=first.date(), days=days_of[id_]) for id_ in ids]

    async def _filter(
        self, admin: Admin, requested: UsageRequest, start: datetime, end: datetime
    ) -> UsageFilter | None:
        """None where nothing can match."""
        async with self._store.reading() as reader:
            company_id = admin.company_id
            if requested.company is not None:
                company_id = await identify(reader, COMPANY, requested.company)
                if company_id is None or admin.company_id not in (None, company_id):
                    return None
            ids = None
            if requested.credentials is not None:
                found = [await _credential(reader, reference) for reference in requested.credentials]
                ids = {id_ for id_ in found if id_ is not None}
                if not ids:
                    return None
        return UsageFilter(start, end, company_id, ids, requested.route)

    async def _names(self, admin: Admin, shown: Sequence[UsageRow]) -> "_Names":
        """Of the companies and credentials of the groups, as far as they exist."""
        companies = {str(id_) for row in shown if (id_ := row.group.get("company_id")) is not None}
        credentials = {id_ for row in shown if isinstance(id_ := row.group.get("credential_id"), UUID)}
        if not companies and not credentials:
            return _Names({}, {})
        async with self._store.reading() as reader:
            return _Names(
                await company_names(reader, companies),
                await credential_names(reader, credentials, admin.company_id),
            )

    async def _users(self, query: UsageQuery, shown: Sequence[UsageRow]) -> Mapping[tuple[object, ...], int] | None:
        """By period and group. None where they are not known: they are counted by access key alone."""
        if query.which.route is not None or "route" in query.groups:
            return None
        if not shown:
            return {}
        start, end = shown[-1].at, min(query.which.end, after(shown[0].at, query.by))
        which = UsageFilter(max(start, query.which.start), end, query.which.company_id, query.which.credential_ids)
        sketches = await self._usage.sketches(UsageQuery(query.by, which, query.groups), "user", MAX_SKETCHES + 1)
        if len(sketches) > MAX_SKETCHES:
            return None
        parts: defaultdict[tuple[object, ...], list[bytes]] = defaultdict(list)
        for at, group, sketch in sketches:
            parts[_key(at, group)].append(sketch)
        return await asyncio.to_thread(lambda: {key: count(merged(of)) for key, of in parts.items()})


def begun(at: datetime, by: By) -> datetime:
    """When the period that `at` is in began; a total begins with a day."""
    at = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if by == "hour":
        return at
    return at.replace(hour=0, day=1) if by == "month" else at.replace(hour=0)


def after(period: datetime, by: By) -> datetime:
    """When the period after this one begins; after a total there is none."""
    if by == "total":
        return _END_OF_TIME
    if by == "month":
        return begun(period + timedelta(days=31), by)
    return period + (timedelta(hours=1) if by == "hour" else timedelta(days=1))


async def _credential(reader: Reader, reference: Reference) -> UUID | None:
    """The id of an API client or a key pair by its public name; of an id, itself."""
    return await identify(reader, API_CLIENT, reference) or await identify(reader, KEY_PAIR, reference)


def _key(at: datetime, group: Mapping[Group, UUID | str | None]) -> tuple[object, ...]:
    return (at, *group.values())


def _shown(row: UsageRow, names: _Names, users: int | None) -> UsageResponse:
    group = {name: row.group.get(name) for name in get_args(Group)}
    credential = names.credentials.get(row.group.get("credential_id"))  # type: ignore[arg-type]
    return UsageResponse.model_validate(
        {
            "period": row.at,
            **group,
            "company": names.companies.get(str(group["company_id"])),
            "credential_kind": credential and credential.kind,
            "credential_name": credential and credential.name,
            "calls": _calls(row),
            "refusals": _causes(row, "refused"),
            "failures": _causes(row, "failed"),
            "distinct_users": users,
        }
    )


def _calls(row: UsageRow) -> CallsByOutcome:
    return CallsByOutcome(accepted=_sum(row, "accepted"), refused=_sum(row, "refused"), failed=_sum(row, "failed"))


def _sum(row: UsageRow, outcome: Outcome) -> int:
    return sum(number for (of, _), number in row.calls.items() if of == outcome)


def _causes(row: UsageRow, outcome: Outcome) -> dict[str, int]:
    return {cause: number for (of, cause), number in row.calls.items() if of == outcome}
