"""Whose portal it is, and which of its credentials have the words that somebody has typed."""

from collections.abc import Mapping
from typing import NamedTuple

from aiohttp import web

from services.console.admin_api import Object, segment
from services.console.http.companies import NewestCredentials, newest_credentials
from services.console.http.lists.filtered_list import typed_filters
from services.console.pages.field_errors import wrong_fields
from services.console.session import Session
from shared.errors import NotFound, Unprocessable


async def own_company(session: Session) -> Object:
    """The company that the person is bound to. Raises `NotFound` for the operator's own people."""
    found: Object = await session.api.get(f"/companies/{segment(own_company_id(session))}")
    return found


def own_company_id(session: Session) -> str:
    """Raises as `own_company`."""
    company_id = session.me["company_id"]
    if not company_id:
        raise NotFound("this page is for the people of one company; you see all companies under Companies")
    return str(company_id)


class SearchedCredentials(NamedTuple):
    """`form` is what was typed, `errors` what is wrong with it: then none is found."""

    newest: NewestCredentials
    form: Mapping[str, str]
    errors: Mapping[str, str]

    @property
    def status(self) -> int:
        return 422 if self.errors else 200


async def searched_credentials(
    request: web.Request, session: Session, limit: int, **which: str
) -> SearchedCredentials:
    """As `newest_credentials`, of those alone that have the words of the query's `q`."""
    form, sent = typed_filters(request, ("q",))
    try:
        return SearchedCredentials(await newest_credentials(session, limit, **sent, **which), form, {})
    except Unprocessable as error:
        return SearchedCredentials(NewestCredentials([], []), form, wrong_fields(error))
