"""A look at many things in turn, in which a fault of one is no fault of the others."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog

log = structlog.get_logger()

T = TypeVar("T")


def sweep_each(
    name: str,
    each: Iterable[T],
    act: Callable[[T], object],
    on_fault: Callable[[T], object] = lambda _: None,
) -> None:
    """`act` on each. One in which it fails is logged under `name` and given to `on_fault`, best to end it."""
    for one in each:
        try:
            act(one)
        except Exception:
            log.exception("sweep.failed", sweep=name)
            try:
                on_fault(one)
            except Exception:
                log.exception("sweep.failed", sweep=name)
