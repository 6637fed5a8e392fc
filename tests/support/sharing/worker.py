"""One of the processes: runs the tests that it is given, and sends what becomes of them."""

import atexit
import contextlib
import gc
import os
import pickle
import sys
import traceback
import warnings
from multiprocessing.connection import Connection
from typing import Any

import pytest

from tests.support.sharing.messages import Began, Broke, Idle, Reported, Warned

YOUNG_OBJECTS = 100_000
"""How many of them are new before garbage is looked for: with 700, a process that has imported all it tests spends
a tenth of its time on it, with 20,000 a twentieth."""


class Worker:
    """Registered as a plugin in the forked process, where it is the only one that reports anything."""

    def __init__(self, session: pytest.Session, connection: Connection) -> None:
        self._session = session
        self._connection = connection

    def run(self, number: int) -> None:
        """Runs until there is nothing more to do; never returns."""
        status = 1
        try:
            self._become(number)
            self._run_units()
            status = 0
        except (EOFError, BrokenPipeError, KeyboardInterrupt):
            pass  # whoever reads has gone, or wants us to go
        except BaseException:
            self._send(Broke(traceback.format_exc()))
        finally:
            self._end(status)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        config = self._session.config
        if report.passed and report.when != "call" and not (config.option.durations or config.option.xmlpath):
            return  # two of three, of which nobody is told
        self._send(Reported(config.hook.pytest_report_to_serializable(config=config, report=report)))

    def pytest_warning_recorded(
        self, warning_message: warnings.WarningMessage, when: str, nodeid: str, location: Any
    ) -> None:
        try:
            pickle.dumps(warning_message)
        except Exception:  # whatever a warning has in it
            warning_message.message = str(warning_message.message)
            warning_message.category, warning_message.source = UserWarning, None
        self._send(Warned(warning_message, when, nodeid, location))

    def _run_units(self) -> None:
        session = self._session
        self._send(Idle())
        while unit := self._connection.recv():
            for position, index in enumerate(unit):
                if self._connection.poll() and not self._connection.recv():
                    return self._leave()
                # What only the tests of a file share ends with its last one; the session's goes on.
                after: Any = session.items[unit[position + 1]] if position + 1 < len(unit) else session
                self._send(Began(index))
                item = session.items[index]
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            self._send(Idle())
        return self._leave()

    def _leave(self) -> None:
        self._session._setupstate.teardown_exact(None)

    def _become(self, number: int) -> None:
        """A process that writes nothing of its own, and has its own place for files."""
        gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
        plugins = self._session.config.pluginmanager
        capture = plugins.getplugin("capturemanager")
        capture.stop_global_capturing()
        capture.start_global_capturing()
        terminal: Any = plugins.unregister(name="terminalreporter")
        plugins.register(_Silent(terminal._tw), "terminalreporter")
        plugins.register(self, "sharing-worker")
        factory = self._session.config._tmp_path_factory  # type: ignore[attr-defined]
        factory._basetemp = factory.getbasetemp() / f"process-{number}"
        factory._basetemp.mkdir(mode=0o700)

    def _send(self, message: object) -> None:
        self._connection.send(message)

    def _end(self, status: int) -> None:
        """Nothing of pytest's own end is run here: that is for the process that this one was forked from."""
        with contextlib.suppress(Exception):
            self._session._setupstate.teardown_exact(None)
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


class _Silent:
    """In the place of the terminal's reporter: other plugins look for its writer, to write before they end us."""

    def __init__(self, writer: Any) -> None:
        self._tw = writer
