"""Reading the audit trail: in pages for people, and whole for its verification."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from services.key_registry.admin.access import AccessControl
from services.key_registry.admin.presentation import company_names, name_of
from services.key_registry.admin.visibility import company_listed
from services.key_registry.audit_trail.chain import AuditFilter, Line
from services.key_registry.audit_trail.ports import AuditLines, Checkpoints, KeptCheckpoint, Month, Months
from services.key_registry.catalog.field_types import parse_id
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import RESOURCES, Row
from services.key_registry.paging import PageRequest, cursor_of_seq, page_of, seq_of_cursor
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
    wanted = {(line.subject_kind, line.subject) for line in lines} | {actor_of(line) for line in lines}
    found = {}
    for kind, id_ in wanted:
        person = kind == "person"
        name = await _email(reader, admin, id_) if person else await _object_name(reader, admin, kind, id_)
        if name is not None:
            found[kind, id_] = name
    return found


async def _email(reader: PeopleReader, admin: Admin, id_: str) -> str | None:
    """Whoever is bound to a company gets to know the e-mails of its own people, and not of the operator's."""
    try:
        person = await reader.find_person(parse_id(id_))
    except ValueError:
        return None
    return person.email if person is not None and admin.company_id in (None, person.company_id) else None


async def _object_name(reader: PeopleReader, admin: Admin, kind: str, id_: str) -> str | None:
    resource = RESOURCES.get(kind)  # type: ignore[call-overload]
    if resource is None:
        return None
    try:
        row = await reader.find(resource, parse_id(id_))
    except ValueError:
        return None
    if row is None or (kind == "admin_token" and admin.company_id not in (None, row["company_id"])):
        return None
    return resource.given_name(row) or await name_of(reader, resource.kind, id_)


async def whole(lines: AuditLines) -> AsyncIterator[Line]:
    """Every line in order, fetched a thousand at a time."""
    seq = 0
    while chunk := await lines.following(seq, LINES_PER_READ):
        for line in chunk:
            yield line
        seq = chunk[-1].seq
