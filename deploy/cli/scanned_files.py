"""Which files a scan reads: the regular ones below a path, whatever their names."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from shared import opaque

STDIN = "-"
LEFT_OUT = frozenset({".git"})
"""Folders: what Git keeps there is compressed."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    name: str
    why: str

    def __str__(self) -> str:
        return f"{shown(self.name)}: {self.why}"


def files_below(path: str, report: Callable[[Unreadable], None]) -> Iterator[str]:
    """The names of the files, in the order of their names. Links are followed for `path` itself alone."""
    if path == STDIN:
        yield path
        return
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        report(Unreadable(path, getattr(error, "strerror", None) or "is no path"))
        return
    if not stat.S_ISDIR(mode):
        yield path
        return
    folders = [path]  # no recursion: whoever made the folders chose how deep they are
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            report(Unreadable(folder, error.strerror or "cannot be read"))
            continue
        yield from (entry.path for entry in listed if entry.is_file(follow_symlinks=False))
        inner = (entry for entry in reversed(listed) if entry.is_dir(follow_symlinks=False))
        folders += [entry.path for entry in inner if entry.name not in LEFT_OUT]


def open_file(name: str) -> BinaryIO:
    """Raises `OSError`. A device or a pipe, which may never end, is not waited for."""
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "is no file")
    except OSError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def shown(name: str) -> str:
    """A name on one line, whatever is in it: without a secret, and without what a terminal would obey."""
    printable = name.encode("utf-8", "backslashreplace").decode()
    printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in printable)
    return opaque.PATTERN.sub("[a secret]", printable)
