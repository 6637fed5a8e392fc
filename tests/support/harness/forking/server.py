"""The process that the others are forked from. It imports, and then does nothing but fork: it has one thread."""

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

PRELOADED = (
    "deploy.local.__main__",
    "gateway.__main__",
    "services.console.__main__",
    "services.key_registry.__main__",
    "services.operator_validator.__main__",
    "services.sample_resources.__main__",
    "services.session_tokens.__main__",
    "services.token_issuer.__main__",
)
IMPORTED_LATER = (
    "deploy.local.up",
    "gateway.commands",
    "gateway.serve",
    "gateway.workers.supervisor",
    "shared.postgres.migrations",
    "tests.support.harness.forking.supervisor",
)
"""What these import once they know what they are to do."""
REQUEST_BYTES = 1 << 17
"""As many as a request may have."""


class Start(NamedTuple):
    """What to run, and how. Sent as JSON, with the descriptors of its output, of its errors, and for its status."""

    module: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    directory: str


def main() -> None:
    """The argument is the descriptor of the socket for requests."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the tests end, and with them this
    for module in PRELOADED:
        importlib.import_module(module)
        del sys.modules[module]  # what it has imported stays; itself it will be `__main__`
    for module in IMPORTED_LATER:
        importlib.import_module(module)
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))


def serve(requests: socket.socket) -> None:
    """Returns once there is nobody left to ask for processes; in each of them, when it has ended."""
    start = _serve(requests)
    if start is not None:
        sys.argv[1:] = start.arguments
        runpy.run_module(start.module, run_name="__main__", alter_sys=True)


def _serve(requests: socket.socket) -> Start | None:
    """Returns what to run in each process that it forks, and None in the server, once there is nobody left."""
    children: dict[int, int] = {}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    # Reaped in the loop alone: a handler may be called within itself, and reap a child that is being reaped.
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([requests.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, REQUEST_BYTES)
            _reap(children)
        if requests.fileno() not in ready:
            continue
        request, descriptors, _, _ = socket.recv_fds(requests, REQUEST_BYTES, 3)
        if not request:
            for pid in children:
                os.kill(pid, signal.SIGKILL)  # nothing outlives the tests, even if they were killed
            return None
        output, errors, status = descriptors
        pid = os.fork()
        if pid == 0:
            start = Start(*json.loads(request))
            _become(start, output, errors, (status, requests.detach(), woken, wake, *children.values()))
            return start
        children[pid] = status
        _report(status, pid)
        os.close(output)
        os.close(errors)


def _reap(children: dict[int, int]) -> None:
    """Report those that have ended, and forget them."""
    for pid in tuple(children):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            _report(children[pid], os.waitstatus_to_exitcode(status))
            os.close(children.pop(pid))


def _become(start: Start, output: int, errors: int, of_the_server: Sequence[int]) -> None:
    """A process with these streams, without anything that is the server's."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(output, sys.stdout.fileno())
    os.dup2(errors, sys.stderr.fileno())
    for descriptor in (output, errors, *of_the_server):
        os.close(descriptor)
    os.setsid()
    os.chdir(start.directory)
    os.environ.clear()
    os.environ.update(start.environment)


def _report(status: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody wants to know
        os.write(status, f"{number}\n".encode())


if __name__ == "__main__":
    main()
