"""What is copied: the packages, with all that they read."""

import shutil
from pathlib import Path

from deploy.errors import StackError

PACKAGES = ("gateway", "services", "shared", "deploy")
_MARK = ".compiled-copy"


def require_replaceable(into: Path) -> None:
    """Raises `StackError` where `into` holds anything but an earlier copy."""
    if into.exists() and any(into.iterdir()) and not (into / _MARK).exists():
        raise StackError(
            f"{into} holds files that are no copy of the sources: name a directory that may be replaced"
        )


def copy_sources(root: Path, into: Path) -> None:
    """Copy the packages of `root`, in place of an earlier copy.

    Raises `StackError` where `into` holds anything else: nothing of it is touched.
    """
    require_replaceable(into)
    if into.exists():
        shutil.rmtree(into)
    into.mkdir(parents=True)
    (into / _MARK).touch()
    for package in PACKAGES:
        if (root / package).is_dir():
            shutil.copytree(root / package, into / package, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    shutil.copy(root / "pyproject.toml", into)
