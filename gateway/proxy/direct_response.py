"""What the gateway responds without a decision: that it is alive, its pages, what pages of other origins may do."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.http1.request_head import RequestHead
from gateway.http1.writer import date_line
from gateway.proxy.report import LIVE_PATH
from gateway.routing.cors.preflight import preflight_of
from gateway.routing.table import RouteTable
from shared.error_pages.pages import LINES, PAGES_PATH, page_of

OWN_PATHS = (LIVE_PATH, PAGES_PATH)
"""Where the paths of these responses begin, but for those of OPTIONS."""
_GET = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class DirectResponse:
    route: str
    status: int
    lines: list[str]
    body: bytes = b""
    cause: str = ""


def direct_response(head: RequestHead, request_id: str, routes: Callable[[], RouteTable]) -> DirectResponse | None:
    """None for a request that is to be decided upon."""
    if head.target.partition("?")[0] == LIVE_PATH and head.method in _GET:
        return DirectResponse(LIVE_PATH, 200, [date_line(), "Content-Type: application/json"], b'{"status":"live"}')
    if head.method in _GET and (page := page_of(head.target.partition("?")[0])) is not None:
        return DirectResponse(PAGES_PATH, 200, [date_line(), *LINES, f"X-Request-Id: {request_id}"], page)
    if head.method == "OPTIONS" and (preflight := preflight_of(head, routes())) is not None:
        lines = [date_line(), *preflight.lines, f"X-Request-Id: {request_id}"]
        return DirectResponse(preflight.route, 204, lines, cause=preflight.cause)
    return None
