"""Which user a store runs as: PostgreSQL refuses root and a uid without a name; Valkey needs neither."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.errors import StackError

NOBODY = 65534


@dataclass(frozen=True)
class Identity:
    """How to run a command as somebody. `uid` and `gid` own its files, as seen from outside."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()
    popen: Mapping[str, Any] = field(default_factory=dict)
    """Keyword arguments for `subprocess.Popen`."""

    def give(self, path: Path) -> None:
        """Give `path`, and all in it, to this user; only root can, and only root needs to."""
        if os.geteuid() != 0:
            return
        for entry in (path, *path.rglob("*")):
            if entry.lstat().st_uid != self.uid:
                os.chown(entry, self.uid, self.gid, follow_symlinks=False)


OURSELVES = Identity(os.geteuid(), os.getegid())


def unprivileged(binary: Path, directory: Path) -> Identity:
    """An identity that may run `binary` on `directory` and is not root.

    An ordinary user is that already. Root becomes `nobody` where `nobody` can reach both. Who is left (root
    in a home of mode 0700, a uid that has no name) becomes `nobody` in a user namespace of its own, and
    keeps its rights to the files.
    """
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return OURSELVES
    nobody = Identity(NOBODY, NOBODY, popen={"user": NOBODY, "group": NOBODY, "extra_groups": (), "umask": 0o077})
    if os.geteuid() == 0 and _works(nobody, binary, directory):
        return nobody
    unshare = shutil.which("unshare")
    if unshare:
        mapping = (f"--map-user={NOBODY}", f"--map-group={NOBODY}")
        contained = Identity(os.geteuid(), os.getegid(), prefix=(unshare, "--user", *mapping))
        if _works(contained, binary, directory):
            return contained
    raise StackError(
        f"{binary.name} does not run as uid {os.geteuid()}, and `nobody` cannot reach {directory}. Run `make up` "
        "as an ordinary user, put the project where everybody may enter (not under /root), or set "
        "PASSGATE_DATABASE_URL and PASSGATE_REDIS_URL to servers that you run yourself."
    )


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _works(identity: Identity, binary: Path, directory: Path) -> bool:
    """Whether this identity can run `binary` and enter `directory`; tried, not guessed from modes."""
    for argv in ((binary, "--version"), ("test", "-x", directory)):
        try:
            done = subprocess.run(
                [*identity.prefix, *map(str, argv)], **identity.popen, cwd="/", capture_output=True, timeout=10
            )
        except (OSError, subprocess.SubprocessError):
            return False
        if done.returncode != 0:
            return False
    return True
