"""The garbage collector of a process that serves calls."""

from shared.http.server import freeze_heap


class FrozenHeap:
    """A resource, to be started after all that lives as long as the process, such as the first snapshot.

    For a process of its own: the collector is the process's. It takes time, and so it is to be done before the
    public port is listened on.
    """

    async def start(self) -> None:
        freeze_heap()

    async def stop(self) -> None:
        """The process is about to end."""
