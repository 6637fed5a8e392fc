"""Asks the server for processes.

It begins with the first request; where processes share the tests, before that, and is one for all of them.
"""

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.support.harness.forking import server

_lock = threading.Lock()
_servers: list[socket.socket] = []


class Forked(NamedTuple):
    pid: int
    status: int
    """A descriptor, from which the exit status is read as a line once there is one."""


def fork(module: str, arguments: Sequence[str], environment: Mapping[str, str], output: int, errors: int) -> Forked:
    """`environment` is all that it has. Blocks until it is there, for the first one as long as the imports take."""
    status, of_the_server = os.pipe()
    request = json.dumps(server.Start(module, arguments, dict(environment), os.getcwd())).encode()
    try:
        socket.send_fds(_requests(), [request], [output, errors, of_the_server])
    finally:
        os.close(of_the_server)
    return Forked(read_number(status), status)


def begin() -> None:
    """Start the server, for this process and all that it forks: they ask the same one."""
    _requests()


def use(requests: socket.socket) -> None:
    """Ask whoever reads these requests, and start no server."""
    _servers.append(requests)


def read_number(status: int) -> int:
    """Blocks until there is one. Raises `ConnectionError` if the server has ended."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(status, 1)
        if not piece:
            raise ConnectionError("the server that forks processes has ended")
        line += piece
    return int(line)


def _requests() -> socket.socket:
    with _lock:
        if not _servers:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            command = (sys.executable, "-m", server.__name__, str(theirs.fileno()))
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=(theirs.fileno(),)
            )
            theirs.close()
            _servers.append(ours)
            atexit.register(_end, ours, process)
        return _servers[0]


def _end(requests: socket.socket, process: "subprocess.Popen[bytes]") -> None:
    requests.close()
    process.wait()
