"""Which code the checkout has now."""

import subprocess

from deploy.local.stack import ROOT
from shared.release import RELEASE

GIT_TIMEOUT_S = 10.0


def code_of_checkout() -> str:
    """Such as `0.1.0, commit 25a5363fab12`, with `-dirty` for changes beside; what is no checkout has no commit."""
    commit = _commit()
    return f"{RELEASE}, commit {commit}" if commit else RELEASE


def _commit() -> str:
    """Not that of a checkout of something else, in which the project was unpacked."""
    if not (ROOT / ".git").exists():
        return ""
    argv = ("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    try:
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=GIT_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
