"""Reading the audit trail: in pages for people, and whole for its verification."""

import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import company_names, name_of
from services.key_registry.access.visibility import company_listed
from services.key_registry.audit_trail.chain import AuditFilter, Line
from services.key_registry.audit_trail.ports import AuditLines, Checkpoints, KeptCheckpoint, Month, Months
from services.key_registry.catalog.field_types import parse_id
from services.key_registry.catalog.paging import PageRequest, cursor_of_seq, page_of, seq_of_cursor
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import ADMIN_TOKEN, RESOURCES, Resource, Row
from services.key_registry.people.ports import PeopleReader, PeopleStore

LINES_PER_READ = 1000


class AuditPage(NamedTuple):
    lines: Sequence[Line]
    companies: Mapping[str | None, Row]
    """Those that the lines are of, by id, as far as they still exist."""
    names: Mapping[tuple[str, str], str]
    """What people know actors and subjects by, by kind and id, as far as they still exist and may be known."""
    cursor: str | None
    archived: Sequence[Month] = ()
    """On the last page: the months whose lines are in files alone."""


class AuditReader:
    def __init__(
        self, lines: AuditLines, months: Months, checkpoints: Checkpoints, store: PeopleStore, access: AccessControl
    ) -> None:
        self._lines = lines
        self._months = months
        self._checkpoints = checkpoints
        self._store = store
        self._access = access

    async def page(self, admin: Admin, which: AuditFilter, page: PageRequest) -> AuditPage:
        """A token bound to a company sees the lines of that company alone. A company may be given by its prefix."""
        self._access.permit(admin, Operation.READ, "audit")
        async with self._store.reading() as reader:
            which = replace(which, company_id=await company_listed(reader, admin, which.company_id))
        lines = await self._lines.newest(which, seq_of_cursor(page.cursor), page.limit + 1)
        lines, cursor = page_of(lines, page.limit, lambda line: cursor_of_seq(line.seq))
        async with self._store.reading() as reader:
            companies = await company_names(reader, {line.company_id for line in lines})
            names = await _names(reader, admin, lines)
        archived = [] if cursor else [month for month in await self._months.all() if month.dropped]
        return AuditPage(lines, companies, names, cursor, archived)

    async def checkpoints(self, admin: Admin, page: PageRequest) -> tuple[Sequence[KeptCheckpoint], str | None]:
        """The newest first, and the cursor to the next page. They concern all companies alike, and show none."""
        self._access.permit(admin, Operation.READ, "audit")
        found = await self._checkpoints.newest(seq_of_cursor(page.cursor), page.limit + 1)
        return page_of(found, page.limit, lambda checkpoint: cursor_of_seq(checkpoint.number))

    def permit(self, admin: Admin) -> None:
        """Raises `Forbidden`."""
        self._access.permit(admin, Operation.READ, "audit")


def actor_of(line: Line) -> tuple[str, str]:
    """Its kind and id, as objects and people have them; of a service, and of nobody, there is none."""
    kind, _, id_ = line.actor.partition(":")
    return ("admin_token" if kind == "admin" else kind), id_


async def _names(reader: PeopleReader, admin: Admin, lines: Sequence[Line]) -> Mapping[tuple[str, str], str]:
    """Read together for each kind: a page of lines may be about hundreds of objects."""
    wanted = {(line.subject_kind, line.subject) for line in lines} | {actor_of(line) for line in lines}
    ids: defaultdict[str, list[UUID]] = defaultdict(list)
    for kind, id_ in wanted:
        with contextlib.suppress(ValueError):
            ids[kind].append(parse_id(id_))
    found: dict[tuple[str, str], str] = {}
    for kind, of_kind in ids.items():
        if kind == "person":
            names = await _emails(reader, admin, of_kind)
        elif kind == "portal_session":
            names = await _portal_names(reader, admin, of_kind)
        elif resource := RESOURCES.get(kind):  # type: ignore[call-overload]
            names = await _object_names(reader, admin, resource, of_kind)
        else:
            continue
        found |= {(kind, str(id_)): name for id_, name in names.items()}
    return found


async def _emails(reader: PeopleReader, admin: Admin, ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """Whoever is bound to a company gets to know the e-mails of its own people, and not of the operator's."""
    people = [person for id_ in ids if (person := await reader.find_person(id_)) is not None]
    return {person.id: person.email for person in people if admin.company_id in (None, person.company_id)}


async def _portal_names(reader: PeopleReader, admin: Admin, ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """What the site that let them in calls those who came from there."""
    sessions = await reader.find_portal_sessions(ids)
    return {each.id: each.name for each in sessions if admin.company_id in (None, each.company_id)}


async def _object_names(
    reader: PeopleReader, admin: Admin, resource: Resource, ids: Sequence[UUID]
) -> Mapping[UUID, str]:
    found: dict[UUID, str] = {}
    for row in await reader.find_all(resource, ids):
        if resource is ADMIN_TOKEN and admin.company_id not in (None, row["company_id"]):
            continue
        name = resource.given_name(row) or await name_of(reader, resource.kind, str(row["id"]))
        if name is not None:
            found[row["id"]] = name
    return found


async def whole(lines: AuditLines) -> AsyncIterator[Line]:
    """Every line in order, fetched a thousand at a time."""
    seq = 0
    while chunk := await lines.following(seq, LINES_PER_READ):
        for line in chunk:
            yield line
        seq = chunk[-1].seq
