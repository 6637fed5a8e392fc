"""A service without endpoints of its own. It writes a byte to the descriptor `READY_FD` once it has started."""

import os

from aiohttp import web
from prometheus_client import CollectorRegistry

from shared.http.app import service_app
from shared.http.health import Health
from shared.http.server import run
from shared.settings.config import ServiceSettings


async def build_app() -> web.Application:
    app = service_app("empty", [], health=Health("empty"), metrics=CollectorRegistry())
    app.on_startup.append(_report_started)
    return app


async def _report_started(_: web.Application) -> None:
    os.write(int(os.environ["READY_FD"]), b"1")


if __name__ == "__main__":
    run("empty", build_app, ServiceSettings())
