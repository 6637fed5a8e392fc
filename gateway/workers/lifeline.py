"""A pipe between supervisor and workers: it ends with the supervisor, whatever ended that, and with it they do."""

import os
import signal
import threading
import time
from collections.abc import Callable


class Lifeline:
    """The supervisor's end: workers live for as long as it is open, and nobody else holds it."""

    def __init__(self) -> None:
        self.descriptor, self._own = os.pipe()
        """What the workers inherit, and what they must not."""

    def close(self) -> None:
        os.close(self.descriptor)
        os.close(self._own)


def hold(descriptor: int, *, grace: float, abandoned: Callable[[], None]) -> None:
    """In a worker: drain as after SIGTERM when the supervisor is gone, and exit at once after `grace` seconds.

    `abandoned` is called first, in a thread of its own: the event loop may be stuck.
    """

    def wait() -> None:
        os.read(descriptor, 1)
        abandoned()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace)
        os._exit(1)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
