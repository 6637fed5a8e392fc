"""The least that a service on aiohttp could do: read the same request, answer as much, and keep nothing.

`python -m tests.bench.peers.floor --port N`: a plain aiohttp application on uvloop, with no store, no signature,
no log and no metrics. What a service costs above it is what the service does.
"""

import argparse
import asyncio
import base64
import sys
import uuid
from collections.abc import Sequence

import orjson
import uvloop
from aiohttp import web

from deploy.local.command import Command
from deploy.local.stack import ROOT
from tests.bench.load import HOST
from tests.bench.peers import nginx

PARAMETERS = orjson.dumps({"drawing": "plan.dwg", "mode": "read", "user": 4711, "layers": ["walls", "doors"]})
ACCESS_TOKEN = "a" * 1000


async def generate(request: web.Request) -> web.Response:
    orjson.loads(await request.read())
    return _json({"token": str(uuid.uuid4()), "expiration_time": 1_800_000_000})


async def verify(request: web.Request) -> web.Response:
    body = PARAMETERS if request.headers.get("x-api-token") else b""
    return web.Response(body=body, content_type="application/json")


async def token(request: web.Request) -> web.Response:
    base64.b64decode(request.headers["Authorization"].removeprefix("Basic "))
    await request.post()
    return _json({"access_token": ACCESS_TOKEN, "token_type": "JWT", "expires_in": 3600})


async def token_validator(request: web.Request) -> web.Response:
    return _json({"valid": bool(request.query.get("token")), "message": "Token is valid"})


async def resource(_: web.Request) -> web.Response:
    """What the gateway forwards to where nginx is not installed."""
    return web.Response(body=nginx.RESPONSE.encode(), content_type="application/json")


def _json(value: object) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")


def application() -> web.Application:
    app = web.Application()
    app.router.add_post("/generate", generate)
    app.router.add_get("/verify", verify)
    app.router.add_post("/auth/token", token)
    app.router.add_get("/OKIT.Operator.Api/api/tokenvalidator", token_validator)
    app.router.add_route("*", "/{path:.*}", resource)
    return app


def command(port: int) -> Command:
    return Command("aiohttp", (sys.executable, "-m", __name__, "--port", str(port)), directory=ROOT)


async def serve(port: int) -> None:
    """Until cancelled."""
    runner = web.AppRunner(application(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port, backlog=1024).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.peers.floor", description="A bare aiohttp application, to compare with."
    )
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(serve(parser.parse_args(argv).port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
