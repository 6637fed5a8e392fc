"""`python -m deploy.compiled INTO`: a copy of the sources in which the hottest modules are compiled."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.compiled.compilation import compiled_copy
from deploy.errors import StackError

ROOT = Path(__file__).resolve().parents[2]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.compiled",
        description="Copy the sources, and compile in the copy what a gateway runs for each call, in two minutes "
        "or so. A process whose working directory is the copy runs the compiled modules; all else is as it was.",
    )
    parser.add_argument("into", type=Path, help="the directory of the copy; an earlier copy there is replaced")
    into = parser.parse_args(argv).into.resolve()
    began = time.monotonic()
    try:
        compiled_copy(
            ROOT, into, lambda text: print(f"[{time.monotonic() - began:5.1f} s] {text}", file=sys.stderr)
        )
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
