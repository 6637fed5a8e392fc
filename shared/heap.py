"""The garbage collector of a process that serves calls."""

import gc

YOUNG_OBJECTS = 20_000
"""Objects that are allocated and not freed before the garbage collector looks at them. A request leaves no cycle:
reference counts free what it allocates. Each new connection adds some objects that live on, and at Python's own 700
a burst of 4,000 brings about 50 collections (20 to 50 ms in all) that find nothing."""


def freeze_heap() -> None:
    """What lives now is looked through no more by the garbage collector, which is the whole process's.

    A full collection over the modules alone holds up all requests for some 90 ms: this is the last of that kind.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])


class FrozenHeap:
    """A resource, to be started after all that lives as long as the process, such as the first snapshot.

    For a process of its own: the collector is the process's. It takes time, and so it is to be done before the
    public port is listened on.
    """

    async def start(self) -> None:
        freeze_heap()

    async def stop(self) -> None:
        """The process is about to end."""
