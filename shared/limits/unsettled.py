"""What a process has asked of the limits in one renewal, and a renewal whose reply was lost."""

from asyncio import Future
from collections.abc import Sequence
from typing import NamedTuple

from shared.limits.meters import Meter
from shared.limits.renewals import Renewal


class Asked(NamedTuple):
    meter: Meter
    renewal: Renewal
    waiting: tuple[Future[bool], ...]


class Unsettled(NamedTuple):
    """It may have been counted or not, and is sent again under its number, unchanged, until that is known."""

    asked: Sequence[Asked]
    passed: Sequence[int]
    """How many of the calls that waited have passed meanwhile, of each."""
    keys: Sequence[str]
    arguments: Sequence[object]
