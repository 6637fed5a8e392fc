"""The process that collects, hands out the tests and shows what the others report."""

import contextlib
import gc
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait

import pytest

from tests.support.sharing.messages import Began, Broke, Idle, Reported, Warned
from tests.support.sharing.reading_ahead import reading_ahead
from tests.support.sharing.units import units
from tests.support.sharing.worker import Worker


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--processes", type=int, default=1, metavar="N", help="share the tests between N processes")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    config = session.config
    if config.option.processes < 2:
        return (yield)
    with reading_ahead(config.rootpath, config.args):
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    options = session.config.option
    if options.processes < 2 or options.collectonly or options.usepdb or session.testsfailed:
        return None
    Sharing(session).run(options.processes)
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)
    return True


@dataclass
class _Process:
    pid: int
    unit: deque[int] = field(default_factory=deque)
    """What it has been given and has not begun."""
    current: int | None = None
    broke: bool = False
    """Whether its failure outside of every test is reported already."""


class Sharing:
    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._units = deque(units([item.nodeid for item in session.items]))
        self._processes: dict[Connection, _Process] = {}
        self._forked = 0

    def run(self, number: int) -> None:
        """Returns when all processes have ended."""
        self._session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # one for all of them
        gc.freeze()  # else each of them copies what it only looks at
        try:
            for _ in range(min(number, len(self._units))):
                self._fork()
            while self._processes:
                for connection in wait(list(self._processes)):
                    assert isinstance(connection, Connection)
                    self._read(connection)
        finally:
            for connection, process in self._processes.items():
                connection.close()
                os.waitpid(process.pid, 0)

    def _fork(self) -> None:
        ours, theirs = Pipe()
        self._forked += 1
        pid = os.fork()
        if pid == 0:
            for connection in (ours, *self._processes):
                connection.close()
            Worker(self._session, theirs).run(self._forked)
        theirs.close()
        self._processes[ours] = _Process(pid)

    def _read(self, connection: Connection) -> None:
        process = self._processes[connection]
        match _received(connection):
            case None:
                self._ended(connection)
            case Idle():
                process.current = None
                self._give(connection)
            case Began(index):
                process.current = index
                process.unit.popleft()
            case Reported(report):
                config = self._session.config
                found = config.hook.pytest_report_from_serializable(config=config, data=report)
                config.hook.pytest_runtest_logreport(report=found)
                if self._over:
                    self._end_all()
            case Warned(message, when, nodeid, location):
                given = {"warning_message": message, "when": when, "nodeid": nodeid, "location": location}
                self._session.config.hook.pytest_warning_recorded.call_historic(kwargs=given)
            case Broke(text):
                process.broke = True
                self._fail(process, text)

    def _end_all(self) -> None:
        for connection in self._processes:
            _send(connection, None)

    @property
    def _over(self) -> bool:
        return bool(self._session.shouldfail or self._session.shouldstop)

    def _give(self, connection: Connection) -> None:
        unit = None if self._over or not self._units else self._units.popleft()
        self._processes[connection].unit = deque(unit or ())
        _send(connection, unit)

    def _ended(self, connection: Connection) -> None:
        """Its own way, or not, which is a failure, of the test that it ran if any: another process goes on."""
        process = self._processes.pop(connection)
        connection.close()
        _, status = os.waitpid(process.pid, 0)
        if status == 0:
            return
        if not process.broke:
            self._fail(process, f"its process ended: {os.waitstatus_to_exitcode(status)}")
        if process.unit:
            self._units.appendleft(list(process.unit))
        if self._units and not self._over:
            self._fork()

    def _fail(self, process: _Process, text: str) -> None:
        nodeid, location = f"process {process.pid}", ("", 0, "outside of every test")
        if process.current is not None:
            item = self._session.items[process.current]
            nodeid, location = item.nodeid, (item.location[0], item.location[1] or 0, item.location[2])
        report = pytest.TestReport(nodeid, location, {}, "failed", text, "call", [], 0)
        self._session.config.hook.pytest_runtest_logreport(report=report)


def _send(connection: Connection, unit: list[int] | None) -> None:
    """Tests, or None: there are no more. Of a process that has ended meanwhile the next that is read is its end."""
    with contextlib.suppress(BrokenPipeError):
        connection.send(unit)


def _received(connection: Connection) -> object:
    """None when whoever sends has ended."""
    try:
        return connection.recv()
    except (EOFError, ConnectionResetError):
        return None
