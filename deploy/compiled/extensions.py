"""`python -m deploy.compiled.extensions`: compile the modules of the copy that is the working directory.

A process of its own, because mypy and setuptools print as they like and look for what they work on where they are.
"""

import os
import sys
from pathlib import Path

from mypyc.build import mypycify
from setuptools import Distribution
from setuptools.command.build_ext import build_ext

from deploy.compiled.modules import MODULES
from deploy.compiled.weak_references import with_weak_references

BUILD = "build"
"""The folder of what is in C, beside the copy's packages."""


def main() -> int:
    files = [path for path in (f"{module.replace('.', os.sep)}.py" for module in MODULES) if Path(path).is_file()]
    extensions = mypycify(files, opt_level="2", debug_level="0", group_name="passgate", target_dir=BUILD)
    for path in Path(BUILD).rglob("*.c"):
        path.write_text(with_weak_references(path.read_text(encoding="utf-8")), encoding="utf-8")
    command = build_ext(Distribution({"name": "passgate", "ext_modules": extensions}))
    command.inplace = True
    command.build_temp = BUILD
    command.ensure_finalized()
    command.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
