"""A module to run: shows what its process has been given, and ends as the first argument says."""

import atexit
import json
import os
import signal
import sys


def main() -> None:
    """`status N`, `text`, `fault`: how it ends. `wait`: for a signal."""
    arguments = sys.argv[1:]
    given = {"pid": os.getpid(), "arguments": arguments, "environment": dict(os.environ), "directory": os.getcwd()}
    sys.stdout.write(json.dumps(given) + "\n")
    sys.stdout.flush()
    sys.stderr.write("an error\n")
    atexit.register(sys.stdout.write, "at exit\n")
    how, *more = arguments
    if how == "wait":
        signal.pause()
    if how == "fault":
        raise ValueError("a fault")
    sys.exit(int(more[0]) if how == "status" else "a text")


if __name__ == "__main__":
    main()
