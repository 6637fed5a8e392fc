"""The pages that the `type` of a problem leads to, for those who call the admin API."""

from aiohttp import web

from services.key_registry.http.schemas import problems
from shared.error_pages.pages import LINES, PAGES_PATH, page_of
from shared.errors import NotFound
from shared.http.endpoints import Endpoint, Parameter, Response

_FIELDS = {name: value for name, _, value in (line.partition(": ") for line in LINES)}


async def error_page(request: web.Request) -> web.Response:
    page = page_of(PAGES_PATH + request.match_info["code"])
    if page is None:
        raise NotFound("there is no page of this code")
    return web.Response(body=page, headers=_FIELDS)


def error_page_endpoint() -> Endpoint:
    return Endpoint(
        "GET",
        f"{PAGES_PATH}{{code}}",
        error_page,
        "Explain the code of a problem",
        tag="errors",
        parameters=(
            Parameter(
                "code",
                "path",
                "As `code` of the problem.",
                schema={"type": "string", "pattern": "^[a-z_]+$", "examples": ["conflict"]},
            ),
        ),
        responses={200: Response("The page", content_type="text/html"), **problems(404)},
        documented=False,
    )
