"""`python -m tests.browser.install`: Chromium from the system's packages, where that may be done, and axe-core."""

import contextlib
import os
import shutil
import subprocess
import sys

from tests.browser import axe

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
COMMAND = ("apt-get", "install", "-y", "--no-install-recommends", "chromium")
INSTALL_TIMEOUT_S = 300


def chromium() -> str | None:
    """The path of a browser that can be driven; None where there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def main() -> int:
    if not axe.fetch():
        sys.stderr.write("axe-core could not be fetched: npm has to be there; pages are not checked with it\n")
    if chromium():
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        with contextlib.suppress(subprocess.SubprocessError):
            for step in (("apt-get", "update", "-qq"), COMMAND):
                subprocess.run(
                    step, env=environment, stdout=subprocess.DEVNULL, timeout=INSTALL_TIMEOUT_S, check=True
                )
    if chromium():
        return 0
    sys.stderr.write(
        f"There is no Chromium, and none could be installed; on Debian, as root: {' '.join(COMMAND)}\n"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
