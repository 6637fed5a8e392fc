"""The process of a service: starts on uvloop, listens, drains on SIGTERM, exits 0."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

import structlog
import uvloop
from aiohttp import web

from shared.config import ConfigError, ServiceSettings, refuse
from shared.http.app import HEALTH
from shared.http.connection import PROTOCOL_OPTIONS, RequestHandler, finish
from shared.logging import configure

log = structlog.get_logger()


async def listen(runner: web.AppRunner, host: str, port: int, *, reuse_port: bool = False) -> asyncio.Server:
    """A listening server over the application of `runner`, which must be set up.

    Raises `ConfigError` when it cannot listen there.
    """
    server = runner.server
    if server is None:
        raise RuntimeError("set up the runner first")
    loop = asyncio.get_running_loop()
    try:
        return await loop.create_server(
            lambda: RequestHandler(server, loop=loop, **PROTOCOL_OPTIONS),
            host,
            port,
            backlog=1024,
            reuse_port=reuse_port or None,
        )
    except OSError as error:
        raise ConfigError(
            f"PASSGATE_HOST, PASSGATE_PORT: cannot listen on {host}:{port}: {error.strerror}"
        ) from error


async def serve(app: web.Application, settings: ServiceSettings, stop: asyncio.Event) -> None:
    """Serve `app` until `stop` is set; then turn not-ready, finish what is in flight, and clean up."""
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=settings.shutdown_grace)
    await runner.setup()
    listener = await listen(runner, settings.host, settings.port)
    log.info("listening", host=settings.host, port=listener.sockets[0].getsockname()[1])
    await stop.wait()
    log.info("draining")
    app[HEALTH].drain()
    listener.close()
    await _finish_in_flight(runner, settings.shutdown_grace)
    await runner.cleanup()
    log.info("stopped")


async def _finish_in_flight(runner: web.AppRunner, grace: float) -> None:
    if runner.server is not None:
        runner.server.pre_shutdown()
        await runner.shutdown()
        await finish(runner.server, grace)


def run(name: str, build_app: Callable[[], Awaitable[web.Application]], settings: ServiceSettings) -> None:
    """Run a service until SIGTERM or SIGINT. Returns after the drain; the process then exits 0.

    A setting that cannot be used ends it with status 2 and one line that names it.
    """
    configure(name, settings.log_level)
    try:
        uvloop.run(_main(build_app, settings))
    except ConfigError as error:
        refuse(str(error))


async def _main(build_app: Callable[[], Awaitable[web.Application]], settings: ServiceSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    await serve(await build_app(), settings, stop)
