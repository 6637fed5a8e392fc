"""The table of the lists for everybody."""

from collections.abc import Callable

from services.console.http.lists.expiries import ExpiryPages
from services.console.http.lists.notices import NoticePages
from services.console.http.lists.report_only import ReportOnlyPages
from services.console.http.signed_in import PageHandler
from services.console.pages.renderer import Renderer
from shared.clock import Clock
from shared.http.endpoints import Endpoint


class ListPages:
    def __init__(self, renderer: Renderer, clock: Clock) -> None:
        self.notices = NoticePages(renderer)
        self.expiries = ExpiryPages(renderer, clock)
        self.report_only = ReportOnlyPages(renderer)


def list_endpoints(pages: ListPages, page: Callable[[str, PageHandler, str], Endpoint]) -> list[Endpoint]:
    return [
        page("/notices", pages.notices.list, "What happened to credentials"),
        page("/expiries", pages.expiries.show, "When credentials expire"),
        page("/report-only", pages.report_only.list, "What would have been refused"),
    ]
