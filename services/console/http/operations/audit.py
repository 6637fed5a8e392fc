"""Who did what: the lines of the trail, a file of them, and whether they are what was written."""

from typing import Any
from urllib.parse import urlencode

import structlog
from aiohttp import web

from services.console.admin_api import Object
from services.console.http.lists.filtered_list import filtered_list, typed_filters
from services.console.pages.audit import FORMATS, MAX_LINES, Format
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.errors import NotFound, ServiceError

log = structlog.get_logger()

FILTERS = ("action", "actor", "company_id", "after", "before")
LINES_PER_CALL = "200"


class AuditPages:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def list(self, request: web.Request, session: Session) -> web.Response:
        found = await filtered_list(request, session, "/audit", FILTERS)
        given = {name: typed for name, typed in found.form.items() if typed}
        return self._renderer.page(
            "audit.html",
            session=session,
            status=found.status,
            formats=FORMATS.values(),
            query=urlencode(given),
            most=MAX_LINES,
            **found.values,
        )

    async def download(self, request: web.Request, session: Session) -> web.StreamResponse:
        """All lines that the filters leave, the newest first, as a file that is written while they are read.

        A wrong filter is an error before the first byte. Whatever ends it early is visible: the last line says that
        there are more than one file holds, and what fails meanwhile cuts the connection.
        """
        written = FORMATS.get(request.query.get("format", ""))
        if written is None:
            raise NotFound("there is no such format")
        _, sent = typed_filters(request, FILTERS)
        page = await session.api.get("/audit", limit=LINES_PER_CALL, **sent)
        response = self._renderer.file(f"audit.{written.name}", written.content_type)
        await response.prepare(request)
        try:
            await response.write(written.head)
            await self._write(response, session, written, page, sent)
            await response.write_eof()
        except (ServiceError, ConnectionError) as error:
            log.warning("audit_download.cut", error=type(error).__name__)
            if request.transport is not None:
                request.transport.abort()  # no end of the body: nobody takes what there is for the whole
        return response

    async def verify(self, request: web.Request, session: Session) -> web.Response:
        """The next part; the page asks for the one after it by itself. Not for who is of one company."""
        if session.me["company_id"]:
            raise NotFound("there is no such page")
        part: Object | None = None
        if "run" in request.query:
            given = {name: request.query.get(name, "") for name in ("after", "head")}
            part = await session.api.get("/audit/verification", **given)
        following = ""
        if part is not None and not part["done"]:
            following = f"?{urlencode({'run': '', 'after': part['seq'], 'head': part['head']})}"
        return self._renderer.page(
            "operations/audit_verification.html", session=session, part=part, following=following
        )

    async def _write(
        self, response: web.StreamResponse, session: Session, written: Format, page: Any, sent: dict[str, str]
    ) -> None:
        lines = 0
        while True:
            await response.write(b"".join(map(written.line, page["items"])))
            lines += len(page["items"])
            if not page["next_cursor"]:
                return
            if lines >= MAX_LINES:
                await response.write(written.more)
                return
            page = await session.api.get("/audit", limit=LINES_PER_CALL, cursor=page["next_cursor"], **sent)
