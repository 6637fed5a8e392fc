"""The registry's internal API over HTTP in front of a `RegistryDouble`, for services that run whole."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler

from shared.clock_offset import response_fields
from shared.contracts.key_registry import AuditBatch, HeldSecret, HeldSecretEnded, Position, Revocation, Wire
from shared.contracts.limits import QuotaNoticeBatch
from shared.contracts.refusal_traces import TraceBatch
from shared.contracts.report_only import ReportOnlyBatch
from shared.contracts.signing_keys import SigningKeyReport
from shared.contracts.usage.messages import UsageBatch
from shared.errors import Unavailable
from tests.support.doubles.registry import RegistryDouble

LookUp = Callable[[str], Awaitable[Wire | None]]


@asynccontextmanager
async def registry_server(double: RegistryDouble) -> AsyncIterator[str]:
    """The base URL of a server that answers as `double` does; 503 while that is unavailable."""
    look_ups: dict[str, LookUp] = {
        "api-tokens": lambda key: double.api_token(bytes.fromhex(key)),
        "access-keys": lambda key: double.access_key(bytes.fromhex(key)),
        "api-clients": double.api_client,
        "key-pairs": double.key_pair,
    }

    async def record(request: web.Request) -> web.Response:
        found = await look_ups[request.match_info["kind"]](request.match_info["key"])
        return web.Response(status=404) if found is None else _json(found)

    async def snapshot(_: web.Request) -> web.Response:
        return _json(await double.snapshot())

    async def changes(request: web.Request) -> web.Response:
        return _json(await double.changes(int(request.query["after"]), limit=int(request.query["limit"])))

    async def audit(request: web.Request) -> web.Response:
        await double.audit(AuditBatch.model_validate(await request.json()).events)
        return web.Response(status=204)

    async def add_traces(request: web.Request) -> web.Response:
        await double.add_traces(TraceBatch.model_validate(await request.json()).traces)
        return web.Response(status=204)

    async def trial_stops(_: web.Request) -> web.Response:
        return web.json_response((await double.report_only_list()).model_dump())

    async def add_quota_notices(request: web.Request) -> web.Response:
        await double.add_quota_notices(QuotaNoticeBatch.model_validate(await request.json()).notices)
        return web.Response(status=204)

    async def add_report_only(request: web.Request) -> web.Response:
        await double.add_report_only(ReportOnlyBatch.model_validate(await request.json()))
        return web.Response(status=204)

    async def end_secret(request: web.Request) -> web.Response:
        secret = HeldSecret.model_validate(await request.json())
        return _json(HeldSecretEnded(found=await double.end_secret(secret)))

    async def add_usage(request: web.Request) -> web.Response:
        await double.add_usage(UsageBatch.model_validate(await request.json()))
        return web.Response(status=204)

    async def revoke(request: web.Request) -> web.Response:
        await double.revoke(Revocation.model_validate(await request.json()))
        return web.Response(status=204)

    async def signing_keys(request: web.Request) -> web.Response:
        report = SigningKeyReport.model_validate(await request.json())
        return _json(await double.report_signing_keys(report))

    async def report(request: web.Request) -> web.Response:
        await double.report(Position.model_validate(await request.json()))
        return web.Response(status=204)

    async def state_time(request: web.Request, response: web.StreamResponse) -> None:
        if double.states_time is not None:
            response.headers.update(response_fields(request.headers, double.states_time()))

    app = web.Application(middlewares=[_unavailable])
    app.on_response_prepare.append(state_time)
    app.router.add_get(f"/internal/v1/{{kind:{'|'.join(look_ups)}}}/{{key}}", record)
    app.router.add_get("/internal/v1/snapshot", snapshot)
    app.router.add_get("/internal/v1/changes", changes)
    app.router.add_post("/internal/v1/audit", audit)
    app.router.add_post("/internal/v1/held-secrets", end_secret)
    app.router.add_post("/internal/v1/revocations", revoke)
    app.router.add_post("/internal/v1/refusal-traces", add_traces)
    app.router.add_get("/internal/v1/trial-stops", trial_stops)
    app.router.add_post("/internal/v1/report-only", add_report_only)
    app.router.add_post("/internal/v1/quota-notices", add_quota_notices)
    app.router.add_post("/internal/v1/usage", add_usage)
    app.router.add_post("/internal/v1/positions", report)
    app.router.add_post("/internal/v1/signing-keys", signing_keys)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _json(value: Wire) -> web.Response:
    return web.json_response(value.model_dump(mode="json"))


@web.middleware
async def _unavailable(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Unavailable:
        return web.Response(status=503)
