"""The supervisor's process: its operators' application, with all workers as a resource of it."""

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from gateway.config import NAME, OPERATIONS, Settings
from gateway.http import EXPLAIN_PATH, ROUTES_PATH, endpoints
from gateway.http.documentation import documentation
from gateway.http.identity_keys import CACHED, IDENTITY_KEYS_PATH
from gateway.workers.group import Workers
from gateway.workers.health import ObservedWorker, WorkersHealth
from gateway.workers.metrics import WorkersRegistry
from shared.clock import SystemClock
from shared.errors import Unavailable
from shared.http.app import service_app
from shared.http.responses import NO_STORE, json_response
from shared.http.server import run


def apart(work: Callable[[], Collection[str]]) -> list[str]:
    """What `work` returns in a process of its own, whose imports end with it. Exits as that does if it fails.

    For a process that has one thread, and no event loop yet.
    """
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(readable)
        os._exit(_status(work, writable))
    os.close(writable)
    with open(readable, "rb") as pipe:
        result = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        raise SystemExit(status if status > 0 else 1)
    names: list[str] = json.loads(result)
    return names


def _status(work: Callable[[], Collection[str]], writable: int) -> int:
    """The exit status of the process that does it."""
    try:
        with open(writable, "wb") as pipe:
            pipe.write(json.dumps(sorted(work())).encode())
        return 0
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stderr.flush()


def supervise(settings: Settings, count: int, own_names: Collection[str]) -> None:
    """Run `count` workers until SIGTERM or SIGINT. `own_names` as for `run`, which also says how it ends."""
    run(
        NAME,
        partial(build_supervisor, settings, Workers(settings, count)),
        settings.operations,
        port_setting="PASSGATE_OPS_PORT",
        own_names=own_names,
    )


async def build_supervisor(settings: Settings, workers: Workers) -> web.Application:
    """What operators see of the whole gateway, in the form of a gateway that is one process."""
    metrics = WorkersRegistry(lambda: workers.all)
    routes = WorkerRoutes(lambda: workers.all)
    table = endpoints(routes.routes, routes.explain, WorkerIdentityKeys(lambda: workers.all).jwks)
    pages, readers = documentation(settings, table, SystemClock())
    return service_app(
        NAME,
        [*table, *pages],
        health=WorkersHealth(NAME, lambda: workers.all),
        metrics=metrics,
        before_metrics=metrics.refresh,
        resources=(*readers, workers),
        description=OPERATIONS,
    )


class WorkerRoutes:
    """The route table, as one of the workers has it: each loads the same file."""

    def __init__(self, workers: Callable[[], Sequence[ObservedWorker]]) -> None:
        self._workers = workers

    async def routes(self, _: web.Request) -> web.Response:
        """GET /routes: of the first worker that responds."""
        return await self._first(ROUTES_PATH)

    async def explain(self, request: web.Request) -> web.Response:
        """GET /routes/explain: by the first worker that responds."""
        return await self._first(f"{EXPLAIN_PATH}?{urlencode(dict(request.query))}")

    async def _first(self, path: str) -> web.Response:
        for worker in self._workers():
            try:
                status, view = await worker.get(path)
            except Unavailable:
                continue
            if status == 200:
                return json_response(view, headers=NO_STORE)
        raise Unavailable("no worker responds")


class WorkerIdentityKeys:
    """The keys of identity tokens of all workers, each of which may have one of its own.

    Of one that does not respond, those that it had last: it may be busy, and sign all the same.
    """

    def __init__(self, workers: Callable[[], Sequence[ObservedWorker]]) -> None:
        self._workers = workers
        self._known: dict[int, list[dict[str, Any]]] = {}

    async def jwks(self, _: web.Request) -> web.Response:
        """GET /.well-known/jwks.json: raises `Unavailable` when no worker has responded yet."""
        await asyncio.gather(*(self._ask(worker) for worker in self._workers()))
        if not self._known:
            raise Unavailable("no worker responds")
        keys = {key["kid"]: key for known in self._known.values() for key in known}
        return json_response({"keys": list(keys.values())}, headers=CACHED)

    async def _ask(self, worker: ObservedWorker) -> None:
        try:
            status, body = await worker.get(IDENTITY_KEYS_PATH)
        except Unavailable:
            return
        if status == 200:
            self._known[worker.number] = body["keys"]
