"""All texts that something holds, however deep: to see that no secret is among them."""

import gc
from collections.abc import Iterator
from typing import Any


def held_texts(thing: Any, seen: set[int] | None = None) -> Iterator[str]:
    seen = set() if seen is None else seen
    for held in gc.get_referents(thing):
        if id(held) not in seen and not isinstance(held, type):
            seen.add(id(held))
            if isinstance(held, str | bytes):
                yield held if isinstance(held, str) else held.decode("latin-1")
            yield from held_texts(held, seen)
