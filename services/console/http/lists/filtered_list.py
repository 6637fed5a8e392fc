"""Lists of the admin API with the filters of a page's form, one page after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from services.console.admin_api import Object
from services.console.pages.field_errors import wrong_fields
from services.console.session import Session
from shared.errors import Unprocessable

DAY_FILTERS = frozenset({"from", "to", "after", "before"})
"""Filters that are typed as days, and begin with them, in UTC."""
NO_DAY = "must be a day, such as 2026-11-27"
MAX_FILTER_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class FilteredList:
    """`form` is what was typed; `older` is the URL of the next page, empty on the last one."""

    items: Sequence[Object]
    form: dict[str, str]
    errors: dict[str, str]
    older: str

    @property
    def status(self) -> int:
        return 422 if self.errors else 200

    @property
    def values(self) -> dict[str, Any]:
        """For the template."""
        return {"items": self.items, "form": self.form, "errors": self.errors, "older": self.older}


async def filtered_list(
    request: web.Request, session: Session, path: str, filters: Sequence[str], *, limit: int = 50, **fixed: str
) -> FilteredList:
    """`path` is of the admin API; `fixed` are filters that are not typed.

    A filter that it refuses is an error at its field, over an empty list.
    """
    form, sent = typed_filters(request, filters)
    try:
        cursor = request.query.get("cursor", "")
        page = await session.api.get(path, limit=str(limit), cursor=cursor, **sent, **fixed)
    except Unprocessable as error:
        wrong = {
            name if name in form else "": NO_DAY if name in DAY_FILTERS else message
            for name, message in wrong_fields(error).items()
        }
        return FilteredList((), form, wrong, "")
    given = {name: typed for name, typed in form.items() if typed}
    cursor = page["next_cursor"]
    return FilteredList(page["items"], form, {}, f"?{urlencode({**given, 'cursor': cursor})}" if cursor else "")


def typed_filters(request: web.Request, filters: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """As they were typed, and as the admin API takes them."""
    form = {name: request.query.get(name, "").strip()[:MAX_FILTER_CHARACTERS] for name in filters}
    sent = {name: f"{typed}T00:00:00Z" if typed and name in DAY_FILTERS else typed for name, typed in form.items()}
    return form, sent
