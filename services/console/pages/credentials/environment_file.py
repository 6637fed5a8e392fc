"""The file of shell variables that a new credential comes with."""

import re
from collections.abc import Mapping
from typing import Any

from services.console.pages.credentials.kinds import Kind, Shown

MAX_FILE_NAME_CHARACTERS = 40
_NOT_IN_FILE_NAMES = re.compile(r"[^a-z0-9]+")


def environment_file(kind: Kind, credential: Mapping[str, Any]) -> str:
    """The name of the file with `environment`: a rotation writes the same one anew."""
    name = _NOT_IN_FILE_NAMES.sub("-", kind.label(credential).lower()).strip("-")[:MAX_FILE_NAME_CHARACTERS]
    return f"{kind.path.removesuffix('s')}-{name.strip('-') or str(credential['id'])[-8:]}.env"


def environment(values: list[tuple[Shown, str]]) -> str:
    """The values as shell variables, a line each."""
    return "".join(f"{shown.variable}={value}\n" for shown, value in values if shown.variable)
