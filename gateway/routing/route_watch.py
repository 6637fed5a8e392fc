"""The route table in use: that of the file as it was when it was last valid."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import structlog

from gateway.file_version import file_version
from gateway.metrics import GatewayMetrics
from gateway.routing.route_file import RouteFileError, parse_route_file
from gateway.routing.table import RouteTable
from gateway.routing.upstream_address import OwnPorts
from gateway.routing.yaml_reader import MAX_FILE_BYTES, VARIABLE
from shared.background_task import PeriodicTask, TaskOwner
from shared.errors import Unavailable
from shared.waiting.daemon_threads import OneAtATime, WorkHangs

log = structlog.get_logger()

CHECK_INTERVAL_S = 1.0
"""Seconds between two checks whether the file has changed."""
READ_TIMEOUT_S = 5.0
"""Of a file in a folder of the network, whose server may be away."""


class UnreadableRouteFile(RouteFileError):
    """The file is not there, or cannot be read now: it may be the next time, without a change."""


def read_route_file(path: Path, own: OwnPorts, environment: Mapping[str, str] = os.environ) -> RouteTable:
    """The routes in a file. Raises `RouteFileError`. Blocks."""
    return parse_route_file(_text(path), str(path), environment=environment, own=own)


def content_of(path: Path) -> bytes:
    """What a regular file holds: of one that is too large a byte more than is allowed, by which that is known.

    Raises `OSError`, and `UnreadableRouteFile` for what is none: a pipe would be waited for, a device have no end.
    """
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise UnreadableRouteFile([f"{path}: cannot be read: it is no regular file"])
        return file.read(MAX_FILE_BYTES + 1)


def _text(path: Path) -> str:
    try:
        content = content_of(path)
        return content.decode(errors="strict" if len(content) <= MAX_FILE_BYTES else "ignore")
    except OSError as error:
        raise UnreadableRouteFile([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise RouteFileError([f"{path}: cannot be read: it is not UTF-8"]) from None


def environment_variables(path: Path) -> frozenset[str]:
    """The names of the environment variables that a route file uses; none of a file that cannot be read."""
    try:
        return frozenset(match[1] for match in VARIABLE.finditer(_text(path)))
    except RouteFileError:
        return frozenset()


class RouteWatch(TaskOwner):
    """Takes up a changed file, if it is valid; if not, the last valid table stays, and health says so.

    Raises `RouteFileError` when it is created and the file is invalid. A route that outlives `staleness_bound`
    (seconds) is logged each time that it is loaded. A file is changed when it is written to, when another one takes
    its place (as most editors save), and when a symbolic link on its way leads elsewhere (a mounted ConfigMap).

    At `last_valid` each valid text is kept, and taken when the file is invalid at the start: a process that takes
    the place of another one serves what that one served.
    """

    def __init__(
        self,
        path: Path,
        own: OwnPorts,
        metrics: GatewayMetrics,
        *,
        staleness_bound: float,
        last_valid: Path | None = None,
    ) -> None:
        self._path = path
        self._own = own
        self._last_valid = last_valid
        self._metrics = metrics
        self._version = file_version(path)
        """Of the file when it was last read."""
        self._unread = False
        """Whether the last attempt to read it failed."""
        self._thread = OneAtATime(READ_TIMEOUT_S)
        self._staleness_bound = staleness_bound
        self._errors: list[str] = []
        self.table = self._first_table()
        warn_of_long_staleness(self.table, staleness_bound)
        self.tasks = (PeriodicTask("route_file", self.check_file, interval=CHECK_INTERVAL_S),)
        metrics.route_file_valid.set(not self._errors)

    @property
    def errors(self) -> list[str]:
        """What is wrong with the file as it is now; empty when it is the table in use."""
        return self._errors

    async def check(self) -> None:
        """For health: raises `Unavailable` when the file as it is now is not in use."""
        if self._errors:
            raise Unavailable(f"the route file is invalid, an earlier one is in use: {self._errors[0]}")

    async def check_file(self) -> None:
        """Take up the file if it has changed."""
        version = self._version
        try:
            version = await self._thread.run(file_version, self._path)
            if version == self._version and not self._unread:
                return
            table = await self._thread.run(self._read)
        except (UnreadableRouteFile, WorkHangs) as error:
            self._unread = True  # such an error may pass, without another version of the file
            lines = error.lines if isinstance(error, UnreadableRouteFile) else [f"{self._path}: {error}"]
            if lines != self._errors:  # it is met once a second
                self._report(lines)
            return
        except RouteFileError as error:
            self._version, self._unread = version, False
            self._report(error.lines)
            return
        self._version, self._unread = version, False
        self.table, self._errors = table, []
        log.info("route_file.loaded", routes=len(table.routes))
        warn_of_long_staleness(table, self._staleness_bound)
        self._metrics.route_file_loaded(valid=True)

    def _first_table(self) -> RouteTable:
        try:
            return self._read()
        except RouteFileError as error:
            if self._last_valid is None or not self._last_valid.exists():
                raise
            table = read_route_file(self._last_valid, self._own)
            self._unread = isinstance(error, UnreadableRouteFile)
            self._report(error.lines)
            return table

    def _read(self) -> RouteTable:
        text = _text(self._path)
        table = parse_route_file(text, str(self._path), environment=os.environ, own=self._own)
        if self._last_valid is not None:
            try:
                written = self._last_valid.with_suffix(f".{os.getpid()}")
                written.write_text(text, encoding="utf-8")
                os.replace(written, self._last_valid)
            except OSError as error:
                log.warning("route_file.not_kept", reason=error.strerror)
        return table

    def _report(self, errors: list[str]) -> None:
        self._errors = errors
        log.error("route_file.invalid", errors=errors)
        self._metrics.route_file_loaded(valid=False)


def warn_of_long_staleness(table: RouteTable, bound: float) -> None:
    """Log the routes that may serve for longer than `bound` seconds what was revoked meanwhile."""
    for route in table.routes:
        if route.max_staleness is not None and route.max_staleness > bound:
            log.warning(
                "route.outlives_staleness_bound",
                route=route.name,
                max_staleness_s=route.max_staleness,
                bound_s=bound,
            )
