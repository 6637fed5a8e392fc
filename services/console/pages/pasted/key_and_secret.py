"""An API client's key and secret that were pasted together, as a command, a file or Basic credentials have them."""

import re
from base64 import urlsafe_b64decode
from typing import NamedTuple
from urllib.parse import unquote

from services.console.pages.pasted.recognition import Pasted, recognised
from services.console.pages.pasted.secret_kinds import KINDS
from shared import identifiers, opaque

_KEY = re.compile(rf"(?<![0-9A-Za-z]){opaque.API_CLIENT_KEY}_[0-9A-Za-z]+")
_SECRET = re.compile(rf"(?<![0-9A-Za-z]){opaque.API_CLIENT_SECRET}_[0-9A-Za-z]+")
_BEGINNING = rf"(?:{'|'.join((*KINDS, opaque.KEY_PAIR))})_"
_ONE = rf"{_BEGINNING}[0-9A-Za-z]+?(?={_BEGINNING}|[^0-9A-Za-z]|\Z)"
_TOKEN = rf"(?i:{identifiers.SESSION_TOKEN.pattern})(?![0-9A-Za-z-])"
_JOINED = re.compile(rf"(?<![0-9A-Za-z])({_ONE})(:|(?={_BEGINNING}))({_ONE}|{_TOKEN})")
"""Two of ours with a colon between them, or with nothing: no body has an underscore, so the second's shows."""
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{40,}")


class KeyAndSecret(NamedTuple):
    key: Pasted
    """What is in its place: of another kind where that was taken for it. So is `secret`."""
    secret: Pasted
    swapped: bool
    """Whether they are joined, and the secret goes first."""
    encoded: bool
    """Whether they were in base64, as Basic credentials are (RFC 7617)."""
    lacks_colon: bool = False
    """Whether nothing is between them."""

    @property
    def whole(self) -> bool:
        return self.key.whole and self.secret.whole

    @property
    def no_key(self) -> bool:
        return self.key.kind != KINDS[opaque.API_CLIENT_KEY]

    @property
    def no_secret(self) -> bool:
        return self.secret.kind != KINDS[opaque.API_CLIENT_SECRET]

    def __repr__(self) -> str:
        return "KeyAndSecret()"


def key_and_secret(text: str) -> KeyAndSecret | None:
    """The first two that are joined as key and secret are, of whichever kinds; else the first key and secret,
    whatever stands around them, whole or not. None unless there are two."""
    if (found := _found(unquote(text))) is not None:
        return found
    decoded = (_decoded(run) for run in _BASE64_RUN.findall(text))
    pairs = (found for each in decoded if (found := _found(each)) is not None)
    return next((found._replace(encoded=True) for found in pairs), None)


def _found(text: str) -> KeyAndSecret | None:
    if (joined := _JOINED.search(text)) is not None:
        first, second = joined[1], joined[3]
        swapped = _SECRET.match(first) is not None and _KEY.match(second) is not None
        key, secret = (second, first) if swapped else (first, second)
        return _pair(key, secret, swapped=swapped, lacks_colon=not joined[2])
    of_key, of_secret = _KEY.search(text), _SECRET.search(text)
    return None if of_key is None or of_secret is None else _pair(of_key[0], of_secret[0])


def _pair(key: str, secret: str, *, swapped: bool = False, lacks_colon: bool = False) -> KeyAndSecret | None:
    of_key, of_secret = recognised(key), recognised(secret)
    if of_key is None or of_secret is None:
        return None
    return KeyAndSecret(of_key, of_secret, swapped, encoded=False, lacks_colon=lacks_colon)


def _decoded(run: str) -> str:
    padded = run.replace("+", "-").replace("/", "_") + "=" * (-len(run) % 4)
    return "" if len(run) % 4 == 1 else urlsafe_b64decode(padded).decode("latin-1")
