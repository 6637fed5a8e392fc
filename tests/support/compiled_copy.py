"""`python -m tests.support.compiled_copy`: the gateway's tests on a compiled copy, behind `make test-compiled`.

Left out are those marked `interpreted`: they put something in the place of a part of the product, and compiled
modules call each other without looking.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.compiled.compilation import compiled_copy, require_compiler
from deploy.errors import StackError
from deploy.local.report import Report
from deploy.local.stack import ROOT

COPY = ROOT / "var" / "test-compiled"
BESIDE = ("tests", "docs", "Makefile", "README.md", "CONTRIBUTING.md", "docker-compose.yml")
"""What tests read besides the sources."""
TESTS = ("tests/unit/fuzz", "tests/unit/gateway", "tests/unit/shared", "tests/integration/gateway")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.support.compiled_copy",
        description="Compile a copy of the sources in var/test-compiled, and run the gateway's tests there.",
        usage="%(prog)s [PYTEST'S ARGUMENTS]",
        epilog=f"Unless others are named, the tests are {' '.join(TESTS)}. "
        "Where there is no C compiler nothing is run, and the exit status is 0.",
    )
    _, arguments = parser.parse_known_args(argv)
    if not any(argument.startswith("tests/") for argument in arguments):
        arguments += TESTS
    report = Report(sys.stderr)
    try:
        require_compiler()
    except StackError as error:
        report.warn("compiled", f"The gateway's tests are not run on a compiled copy: {error}")
        return 0
    try:
        compiled_copy(ROOT, COPY, report.step)
    except StackError as error:
        report.failure(str(error))
        return 1
    for name in BESIDE:
        _copy(ROOT / name, COPY / name)
    command = [sys.executable, "-m", "pytest", "-m", "not interpreted", *arguments]
    return subprocess.run(command, cwd=COPY).returncode


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


if __name__ == "__main__":
    sys.exit(main())
