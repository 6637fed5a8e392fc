"""The process of a service: starts on uvloop, listens, drains on SIGTERM, exits 0."""

import asyncio
import os
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import structlog
import uvloop
from aiohttp import web

from shared.console import open_streams
from shared.heap import freeze_heap
from shared.http.app import DIRECT, HEALTH
from shared.http.connection import PROTOCOL_OPTIONS, RequestHandler, finish
from shared.http.direct.connection import DirectConnection
from shared.http.direct.endpoints import DirectEndpoints
from shared.http.liveness.listener import LivenessListener
from shared.logging import configure
from shared.settings.config import ConfigError, ServiceSettings, addresses, refuse
from shared.settings.names import unknown_settings
from shared.transport import turn_writes

log = structlog.get_logger()

COMPILED = not str(turn_writes.__file__).endswith(".py")
"""Whether the modules that run for each call are compiled (docs/operations.md, A compiled gateway)."""
WANTED_DESCRIPTORS = 65536
"""Files and connections that a process may need at the same time: up to so many its own limit is raised."""
SWITCH_INTERVAL_S = 0.001
"""Seconds for which the thread that responds to liveness may have to wait for the one that serves calls."""
FEW_DESCRIPTORS = 4096
"""A limit below this is logged."""


async def bind(
    protocol: Callable[[], asyncio.Protocol],
    host: str,
    port: int,
    *,
    host_setting: str = "PASSGATE_HOST",
    port_setting: str = "PASSGATE_PORT",
    reuse_port: bool = False,
    start_serving: bool = True,
) -> asyncio.Server:
    """A server that listens, with a connection of `protocol` for each client.

    `host` is one address, or several with commas. With `reuse_port` other processes of this user that say so too
    may listen on the same port. Without `start_serving` it has its port, and does not listen yet. Raises
    `ConfigError` naming both settings when it cannot listen.
    """
    loop = asyncio.get_running_loop()
    try:
        return await loop.create_server(
            protocol,
            addresses(host),
            port,
            backlog=1024,
            reuse_port=reuse_port or None,
            start_serving=start_serving,
        )
    except OSError as error:
        raise ConfigError(
            f"{host_setting}, {port_setting}: cannot listen on {host}:{port}: {error.strerror}"
        ) from error


async def listen(
    runner: web.AppRunner,
    host: str,
    port: int,
    *,
    host_setting: str = "PASSGATE_HOST",
    port_setting: str = "PASSGATE_PORT",
    reuse_port: bool = False,
    **options: Any,
) -> asyncio.Server:
    """`bind` for the application of `runner`, which must be set up. `options` go to each connection."""
    connections = _connections_of(runner, **options)
    return await bind(
        connections, host, port, host_setting=host_setting, port_setting=port_setting, reuse_port=reuse_port
    )


async def finish_in_flight(runner: web.AppRunner, grace: float) -> None:
    """Finish what `runner` serves, which listens no more; after `grace` seconds give it up."""
    if runner.server is not None:
        direct = _direct(runner)
        runner.server.pre_shutdown()
        direct.close()
        await runner.shutdown()
        await finish(runner.server, grace, lambda: direct.serving)
        direct.abort()


def _direct(runner: web.AppRunner) -> DirectEndpoints:
    return runner.app.get(DIRECT, DirectEndpoints())


def _connections_of(runner: web.AppRunner, **options: Any) -> Callable[[], asyncio.Protocol]:
    server, loop = runner.server, asyncio.get_running_loop()
    if server is None:
        raise RuntimeError("set up the runner first")
    given, direct = {**PROTOCOL_OPTIONS, **options}, _direct(runner)

    def ordinary() -> RequestHandler:
        return RequestHandler(server, loop=loop, **given)

    return (lambda: DirectConnection(direct, ordinary, loop)) if direct else ordinary


async def serve(
    app: web.Application,
    settings: ServiceSettings,
    stop: asyncio.Event,
    *,
    port_setting: str = "PASSGATE_PORT",
    socket: Path | None = None,
) -> None:
    """Serve `app` until `stop` is set; then turn not-ready, finish what is in flight, and clean up.

    With `socket` it listens on a Unix socket there, and on no port.
    The resources that were started are stopped also when another one cannot start, or the port cannot be had.
    """
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=settings.shutdown_grace)
    try:
        await runner.setup()
        connections, liveness = _connections_of(runner), app[HEALTH].liveness
        server = await _bound(connections, settings, port_setting, socket, start_serving=liveness is None)
        listener = server if liveness is None else LivenessListener(server, connections, liveness)
        if socket is None:
            port = server.sockets[0].getsockname()[1]
            log.info("server.listening", host=settings.host, port=port, compiled=COMPILED)
        else:
            log.info("server.listening", socket=str(socket), compiled=COMPILED)
        await stop.wait()
        log.info("server.draining")
        app[HEALTH].drain()
        listener.close()
        await finish_in_flight(runner, settings.shutdown_grace)
    finally:
        await runner.cleanup()
    log.info("server.stopped")


async def _bound(
    connections: Callable[[], asyncio.Protocol],
    settings: ServiceSettings,
    port_setting: str,
    socket: Path | None,
    *,
    start_serving: bool,
) -> asyncio.Server:
    if socket is None:
        host, port = settings.host, settings.port
        return await bind(connections, host, port, port_setting=port_setting, start_serving=start_serving)
    loop = asyncio.get_running_loop()
    return await loop.create_unix_server(connections, str(socket), start_serving=start_serving)


def run(
    name: str,
    build_app: Callable[[], Awaitable[web.Application]],
    settings: ServiceSettings,
    *,
    port_setting: str = "PASSGATE_PORT",
    own_names: Collection[str] = (),
    socket: Path | None = None,
    log_fields: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Run a service until SIGTERM or SIGINT. Returns after the drain; the process then exits 0.

    A setting that cannot be used ends it with status 2 and one line that names it; a `PASSGATE_` variable that is
    neither a setting nor among `own_names` is logged. `port_setting` names the variable of `settings.port`.
    `socket` as for `serve`; each line of the log has `log_fields`.
    """
    open_streams()  # uvloop takes a free descriptor, and aborts when that is one of the standard ones
    configure(name, settings.log_level, log_fields)
    raise_descriptor_limit()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    for unknown, nearest in unknown_settings(os.environ, own_names):
        log.warning("setting.unknown", name=unknown, nearest=nearest or None)
    try:
        uvloop.run(_main(build_app, partial(serve, port_setting=port_setting, socket=socket), settings))
    except ConfigError as error:
        refuse(str(error))


def raise_descriptor_limit() -> None:
    """Raise the soft limit on descriptors, as far as the hard one allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, WANTED_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    if soft != resource.RLIM_INFINITY and soft < FEW_DESCRIPTORS:
        log.warning("descriptor_limit.low", limit=soft, hard_limit=hard)


async def _main(
    build_app: Callable[[], Awaitable[web.Application]],
    serving: Callable[[web.Application, ServiceSettings, asyncio.Event], Awaitable[None]],
    settings: ServiceSettings,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    app = await build_app()
    freeze_heap()
    await serving(app, settings, stop)
