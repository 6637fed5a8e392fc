"""Where to go on after signing in: a path of ours, and never another site."""

import re

_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
MAX_CHARACTERS = 500


def own_path(text: str) -> str:
    """`text` if it is a path on this host, else `/`."""
    return text if len(text) <= MAX_CHARACTERS and _OWN_PATH.fullmatch(text) else "/"
