"""The garbage collector of a process that serves calls."""

import gc

YOUNG_OBJECTS = 20_000
"""Objects that are allocated and not freed before the youngest generation is looked through.

A call leaves no cycle: reference counts free what it allocates. Each new connection adds some objects that live
on, and at Python's own 700 a burst of 4,000 brings about 50 collections (20 to 50 ms in all) that find nothing.
"""


class FrozenHeap:
    """A resource, to be started after all that lives as long as the process: none of that is looked through again.

    A full collection takes some 90 ms over the modules alone, in which no call makes progress: this one is the last
    of that kind, before the public port is listened on. For a process of its own: the collector is the process's.
    """

    async def start(self) -> None:
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])

    async def stop(self) -> None:
        """The process is about to end."""
