"""A port for what a test starts, which nobody else is given meanwhile."""

import random
import socket
from collections import deque
from contextlib import suppress

from deploy.local.ports import is_free

QUIET = (20000, 32000)
KEPT_APART = 5000
MARKED = 300
"""Each takes a descriptor."""
_given: dict[int, None] = {}
"""The ports that this process was given last, the oldest first."""
_marks: deque[socket.socket] = deque()
"""Of the last of them: a UDP socket of that number, which each other process of the tests finds taken."""


def free_port() -> int:
    """A port that nobody listens on, outside the range from which systems take those of outgoing connections.

    A port in that range may be gone between this call and the server's start, or while the server is down. No port
    is given again soon, nor to another process: whoever got it may not listen yet.
    """
    while True:
        port = random.randrange(*QUIET)
        if port not in _given and is_free(port) and (mark := _mark(port)) is not None:
            break
    if len(_given) == KEPT_APART:
        del _given[next(iter(_given))]
    _given[port] = None
    _marks.append(mark)
    if len(_marks) > MARKED:
        _marks.popleft().close()
    return port


def _mark(port: int) -> socket.socket | None:
    """None when somebody else has."""
    mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with suppress(OSError):
        mark.bind(("127.0.0.1", port))
        return mark
    mark.close()
    return None
