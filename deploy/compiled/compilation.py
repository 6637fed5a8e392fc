"""From sources to a copy of them that is compiled, by a process of its own."""

import hashlib
import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from deploy.compiled.modules import MODULES
from deploy.compiled.sources import PACKAGES, copy_sources, require_replaceable
from deploy.errors import StackError

TIME_LIMIT_S = 1200.0
SHOWN_LINES = 20
"""Of what the compiler said, when it failed."""
_STAMP = ".compiled"
_IGNORED = "var"
"""In the checkout, what git ignores."""


def compiled_copy(root: Path, into: Path, progress: Callable[[str], None]) -> None:
    """Make `into` a compiled copy of the sources of `root`; nothing is done where it is one already.

    An earlier copy stays as it was until the new one is whole: one that is interrupted is nothing that would run.

    Raises `StackError`: it says what is missing here, what the compiler said, or that the checkout would hold the
    copy where git, a linter or the next copy finds it.
    """
    if into.is_relative_to(root) and not into.is_relative_to(root / _IGNORED):
        raise StackError(
            f"{into} is among the sources: name a directory in {root / _IGNORED}, or outside of {root}"
        )
    require_compiler()
    wanted, stamp = _fingerprint(root), into / _STAMP
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        progress(f"{into} is compiled already")
        return
    require_replaceable(into)
    unfinished = into.with_name(f"{into.name}.unfinished")
    copy_sources(root, unfinished)
    progress(f"compiling {len(MODULES)} modules for {into}: two minutes or so")
    _compile(unfinished)
    (unfinished / _STAMP).write_text(wanted, encoding="ascii")
    if into.exists():
        shutil.rmtree(into)
    unfinished.rename(into)
    progress("compiled")


def require_compiler() -> None:
    """Raises `StackError` that says what is missing here."""
    packages = [name for name in ("mypyc", "setuptools") if importlib.util.find_spec(name) is None]
    missing = []
    if packages:
        missing.append(f"the packages of deploy/requirements/compile.txt ({', '.join(packages)})")
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        missing.append(f"the C compiler {compiler} (on Debian: the package gcc)")
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        missing.append(
            f"the headers of Python {sysconfig.get_python_version()} (on Debian: the package python3-dev)"
        )
    if missing:
        raise StackError(f"nothing can be compiled here without {', '.join(missing)}")


def _fingerprint(root: Path) -> str:
    """Differs where the result would."""
    digest = hashlib.sha256(f"{sys.version} {importlib.metadata.version('mypy')}".encode())
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"\n{path.relative_to(root)} ".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _compile(into: Path) -> None:
    log = into / "compile.log"
    with log.open("wb") as output:
        argv = [sys.executable, "-m", "deploy.compiled.extensions"]
        try:
            status = subprocess.run(
                argv, cwd=into, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=TIME_LIMIT_S
            ).returncode
        except subprocess.TimeoutExpired:
            raise StackError(f"compiling took more than {TIME_LIMIT_S:.0f} s; {log} has what was said") from None
    if status != 0:
        last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-SHOWN_LINES:]
        raise StackError("\n  ".join((f"compiling failed; {log} ends with:", *last)))
    for leftover in ("build", ".mypy_cache"):
        shutil.rmtree(into / leftover, ignore_errors=True)
