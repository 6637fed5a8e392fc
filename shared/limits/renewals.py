"""What a process and the store say to each other about one limit."""

from typing import NamedTuple


class Renewal(NamedTuple):
    """What a process asks of a limit, and has of it."""

    back: int
    """Credit that it returns."""
    owed: int
    """Calls that have passed without credit."""
    held: int
    """Credit that it keeps."""
    wanted: int
    """Calls that wait."""
    ahead: int
    """More credit that it asks for."""


NOTHING = Renewal(0, 0, 0, 0, 0)
