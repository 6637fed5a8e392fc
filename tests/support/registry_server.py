"""The registry's internal API over HTTP in front of a `RegistryDouble`, for services that run whole."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler

from shared.contracts.key_registry import AuditBatch, Revocation, Wire
from shared.errors import Unavailable
from tests.support.registry import RegistryDouble


@asynccontextmanager
async def registry_server(double: RegistryDouble) -> AsyncIterator[str]:
    """The base URL of a server that answers as `double` does; 503 while that is away."""
    app = web.Application(middlewares=[_unavailable])
    app.router.add_get("/internal/v1/api-tokens/{key}", lambda r: _record(double.api_token(_digest(r))))
    app.router.add_get("/internal/v1/access-keys/{key}", lambda r: _record(double.access_key(_digest(r))))
    app.router.add_get("/internal/v1/api-clients/{key}", lambda r: _record(double.api_client(r.match_info["key"])))
    app.router.add_get("/internal/v1/key-pairs/{key}", lambda r: _record(double.key_pair(r.match_info["key"])))
    app.router.add_get("/internal/v1/snapshot", lambda _: _record(double.snapshot()))
    app.router.add_get(
        "/internal/v1/changes",
        lambda r: _record(double.changes(int(r.query["after"]), limit=int(r.query["limit"]))),
    )

    async def audit(request: web.Request) -> web.Response:
        await double.audit(AuditBatch.model_validate(await request.json()).events)
        return web.Response(status=204)

    async def revoke(request: web.Request) -> web.Response:
        await double.revoke(Revocation.model_validate(await request.json()))
        return web.Response(status=204)

    app.router.add_post("/internal/v1/audit", audit)
    app.router.add_post("/internal/v1/revocations", revoke)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _record(asked: Awaitable[Wire | None]) -> web.Response:
    found = await asked
    return web.Response(status=404) if found is None else web.json_response(found.model_dump(mode="json"))


def _digest(request: web.Request) -> bytes:
    return bytes.fromhex(request.match_info["key"])


@web.middleware
async def _unavailable(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Unavailable:
        return web.Response(status=503)
