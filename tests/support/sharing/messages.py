"""What a process of the tests sends while it runs them, as it goes through a pipe."""

import warnings
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Idle:
    """It has run what it was given, and takes more."""


@dataclass(frozen=True)
class Began:
    index: int
    """Of the test."""


@dataclass(frozen=True)
class Reported:
    report: dict[str, Any]
    """A report of pytest as pytest itself turns it into simple values."""


@dataclass(frozen=True)
class Warned:
    message: warnings.WarningMessage
    when: str
    nodeid: str
    location: tuple[str, int, str] | None


@dataclass(frozen=True)
class Broke:
    """Something outside of every test failed: the end of what all tests of the process share."""

    text: str
