"""Files of shell variables, such as `demo.env`, and where those of `make up` are."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from deploy.private_files import write_private

EXPORT = "export "
CHECKOUT = Path(__file__).resolve().parents[1]


def default_var(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the stack of `make up` keeps all that it keeps: PASSGATE_VAR, else `var` of this checkout.

    Never `var` of the folder that a command is run in, which may be anybody's.
    """
    return Path(environment.get("PASSGATE_VAR") or CHECKOUT / "var").absolute()


def write_variables(path: Path, values: Mapping[str, str]) -> None:
    """Write `values` for a shell's `.` to read, exported to the programs that it then starts; mode 0600."""
    write_private(path, "".join(f"{EXPORT}{name}={shlex.quote(value)}\n" for name, value in values.items()))


def read_variables(path: Path) -> dict[str, str]:
    """What `write_variables` wrote, in this release or before it exported; nothing when there is no such file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.removeprefix(EXPORT).partition("=") for line in lines if "=" in line)
    return {name: "".join(shlex.split(value)) for name, _, value in pairs}
