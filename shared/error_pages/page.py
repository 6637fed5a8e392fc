"""What a page says."""

from typing import NamedTuple


class Page(NamedTuple):
    title: str
    meaning: str
    todo: str
