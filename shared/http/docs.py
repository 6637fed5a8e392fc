"""`/openapi.json` and its browsable form at `/docs`: Swagger UI, served from a wheel, nothing from elsewhere."""

import asyncio
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from shared.errors import NotFound
from shared.http.endpoints import Endpoint
from shared.http.responses import JSON
from shared.waiting.single_flight import SingleFlight

ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'"
)
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"><link rel="icon" href="/docs/favicon-32x32.png"></head>
<body><div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/{start}"></script></body></html>
"""
START = (
    'SwaggerUIBundle({url: "%s", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null, '
    'docExpansion: "none", defaultModelsExpandDepth: -1});\n'
)
"""Each section is closed at first, and the schemas are left out: a browser needs a minute to draw all of them."""


INTERNAL = "/internal/"
"""Where the paths of endpoints begin that only other services may call."""


class _Document:
    """Built when it is first requested, in a thread: that takes half a second, which most processes never need."""

    def __init__(self, name: str, build: Callable[[], Mapping[str, Any]]) -> None:
        self._build = build
        self._building = SingleFlight(f"OpenAPI document of {name}", self._built)
        self._body: bytes | None = None

    async def endpoint(self, _: web.Request) -> web.Response:
        if self._body is None:
            self._body = await self._building.run()
        return web.Response(body=self._body, headers={"Content-Type": JSON})

    async def _built(self) -> bytes:
        return await asyncio.to_thread(lambda: orjson.dumps(self._build()))


def docs_endpoints(name: str, document: Callable[[], Mapping[str, Any]], internal: bool = False) -> list[Endpoint]:
    """The document and its page; those of the internal endpoints have addresses of their own."""
    page_path, document_path, start = "/docs", "/openapi.json", "start.js"
    if internal:
        page_path, document_path, start = "/docs/internal", "/openapi/internal.json", "start-internal.js"

    async def page(_: web.Request) -> web.Response:
        return web.Response(
            text=PAGE.format(title=f"Passgate {name}", start=start),
            content_type="text/html",
            headers={"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"},
        )

    async def script(_: web.Request) -> web.Response:
        return web.Response(text=START % document_path, content_type="text/javascript")

    return [
        Endpoint("GET", document_path, _Document(name, document).endpoint, "This API as OpenAPI 3.1"),
        Endpoint("GET", page_path, page, "This API, browsable"),
        Endpoint("GET", f"/docs/{start}", script, "What shows this API on its page"),
    ]


def asset_endpoint() -> Endpoint:
    return Endpoint("GET", "/docs/{asset}", _asset, "What the pages need")


async def _asset(request: web.Request) -> web.StreamResponse:
    name = request.match_info["asset"]
    if name not in ASSETS:
        raise NotFound("no such resource")
    return web.FileResponse(_folder() / name, headers={"Content-Type": ASSETS[name]})


def _folder() -> Path:
    spec = find_spec("swagger_ui")  # found, not imported: only its files are wanted
    if spec is None or spec.origin is None:
        raise NotFound("the documentation page is not installed")
    return Path(spec.origin).parent / "static"
