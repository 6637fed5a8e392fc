"""Where a browser is sent on to: a path of ours, and never another site."""

import re

_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
MAX_CHARACTERS = 500


def is_own_path(text: str) -> bool:
    """Whether a browser stays on this host: it reads a backslash as a slash, and drops tabs and line breaks."""
    return _OWN_PATH.fullmatch(text) is not None


def own_path(text: str) -> str:
    """Where to go on after signing in: `text` if it is a path on this host and not too long, else `/`."""
    return text if len(text) <= MAX_CHARACTERS and is_own_path(text) else "/"
