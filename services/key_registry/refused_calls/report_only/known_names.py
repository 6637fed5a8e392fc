"""Whether a name that a list is to be of is one that something has."""

import re
from collections.abc import Mapping

from services.key_registry.catalog.field_types import id_text
from services.key_registry.catalog.permissions import Admin
from services.key_registry.catalog.resources import LIMITED_KINDS, RESOURCES
from services.key_registry.ports.store import Store
from services.key_registry.refused_calls.report_only.ports import CalledRoutes, ReportOnlyFilter, ReportOnlyStore
from services.key_registry.refused_calls.report_only.tried_objects import ids_of
from shared.contracts.limits import Limits
from shared.contracts.report_only import OTHER
from shared.errors import Unprocessable
from shared.identifiers import UUID_FORM
from shared.scopes import covers

_LIMITED = {RESOURCES[kind].noun: RESOURCES[kind] for kind in LIMITED_KINDS}
_LIMITS = tuple(member for member in Limits.model_fields if member != "report_only")
LIMIT = re.compile(rf"(?:{'|'.join(_LIMITS)}) of (?P<noun>{'|'.join(_LIMITED)}) (?P<id>{UUID_FORM.pattern})")
"""How a limit is called: `rate of API client <id>`."""
_CALLED = "route that was called within the days that usage is kept"
NOTHING: Mapping[str | None, str] = {
    "stop": "names no object: give an id, a prefix, a key or a kid",
    "route": f"names no {_CALLED}",
    "scope": "names no scope of an application",
    "limit": "names no limit of an object: one is listed as `rate of company ID`",
    None: f"names nothing that is known: no {_CALLED}, no scope, no limit and no object",
}
"""What is said of a name that nothing has, by what was to be listed."""


class KnownNames:
    """For a token bound to a company, what that company has called alone."""

    def __init__(self, counts: ReportOnlyStore, store: Store, routes: CalledRoutes) -> None:
        self._counts = counts
        self._store = store
        self._routes = routes

    async def require(self, admin: Admin, kind: str | None, name: str) -> None:
        """Raises `Unprocessable` where nothing of this kind (None: of any) has the name, which is no object's."""
        if not (
            name == OTHER
            or await self._counted(admin, kind, name)
            or (kind in (None, "limit") and await self._of_limit(admin, name))
            or (kind in (None, "scope") and await self._of_scope(name))
            or (kind in (None, "route") and await self._of_route(admin, name))
        ):
            raise Unprocessable.field("name", NOTHING[kind])

    async def _counted(self, admin: Admin, kind: str | None, name: str) -> bool:
        """Also of what is not there any more."""
        which = ReportOnlyFilter(company_id=id_text(admin.company_id), kind=kind, names=(name,))
        return bool(await self._counts.newest(which, None, 1))

    async def _of_limit(self, admin: Admin, name: str) -> bool:
        """Of an object of that kind. Its id is counted in lower case alone: in capitals nothing has the name."""
        if (limit := LIMIT.fullmatch(name)) is None:
            return False
        async with self._store.reading() as reader:
            return limit["id"] in await ids_of(reader, admin, limit["id"], (_LIMITED[limit["noun"]],))

    async def _of_scope(self, name: str) -> bool:
        """An application's own, or one that it covers; `*` alone covers every typing error as well."""
        defined = await self._counts.defined_scopes()
        return name in defined or any(covers(scope, name) for scope in defined if scope != "*")

    async def _of_route(self, admin: Admin, name: str) -> bool:
        """The registry has no route file."""
        return await self._routes.was_called(name, admin.company_id)
