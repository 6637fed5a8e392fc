"""A server of key sets over a real socket, which can be made to respond in any way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.support.doubles.external_issuer import document
from tests.support.harness.serving import serving

Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


class KeySetServer:
    """`/jwks` responds as `respond` does, unless that is None: with the keys in `keys`. Any other path has them."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: list[dict[str, Any]] = []
        self.respond: Respond | None = None
        self.requested: list[str] = []

    @property
    def jwks_url(self) -> str:
        return f"{self.url}/jwks"

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._get)
        return app

    async def _get(self, request: web.Request) -> web.StreamResponse:
        self.requested.append(request.path)
        if request.path == "/jwks" and self.respond is not None:
            return await self.respond(request)
        return web.Response(body=document(*self.keys), content_type="application/jwk-set+json")


async def redirect(_: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/elsewhere")


async def not_there(_: web.Request) -> web.StreamResponse:
    return web.json_response({"keys": []}, status=404)


async def html(_: web.Request) -> web.StreamResponse:
    return web.Response(body=document(), content_type="text/html")


async def compressed(request: web.Request) -> web.StreamResponse:
    response = web.Response(body=document(), content_type="application/json")
    response.headers["Content-Encoding"] = "gzip"
    return response


async def announced_as_huge(request: web.Request) -> web.StreamResponse:
    return await _ten_megabytes(request, web.StreamResponse(headers={"Content-Length": str(10 * 1024 * 1024)}))


async def huge(request: web.Request) -> web.StreamResponse:
    return await _ten_megabytes(request, web.StreamResponse())


async def _ten_megabytes(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    response.content_type = "application/json"
    await response.prepare(request)
    for _ in range(160):
        await response.write(b" " * 65536)
    raise AssertionError("all of it was taken")


async def hang(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(600)
    raise AssertionError("waited for ten minutes")


async def drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_type = "application/json"
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.01)


async def cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    response.content_type = "application/json"
    await response.prepare(request)
    await response.write(b"{")
    assert request.transport is not None
    request.transport.close()
    return response


@asynccontextmanager
async def key_set_server() -> AsyncIterator[KeySetServer]:
    server = KeySetServer()
    async with serving(server.app()) as server.url:
        yield server
