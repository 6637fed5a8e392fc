"""An API client's key and secret that were pasted together, as a command, a file or Basic credentials have them."""

import re
from base64 import urlsafe_b64decode
from typing import NamedTuple
from urllib.parse import unquote

from services.console.pages.pasted.recognition import Pasted, recognised
from shared import opaque

_KEY = re.compile(rf"(?<![0-9A-Za-z]){opaque.API_CLIENT_KEY}_[0-9A-Za-z]+")
_SECRET = re.compile(rf"(?<![0-9A-Za-z]){opaque.API_CLIENT_SECRET}_[0-9A-Za-z]+")
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{40,}")


class KeyAndSecret(NamedTuple):
    key: Pasted
    secret: Pasted
    swapped: bool
    """Whether they are joined by a colon, and the secret goes first."""
    encoded: bool
    """Whether they were in base64, as Basic credentials are (RFC 7617)."""

    @property
    def whole(self) -> bool:
        return self.key.whole and self.secret.whole

    def __repr__(self) -> str:
        return "KeyAndSecret()"


def key_and_secret(text: str) -> KeyAndSecret | None:
    """The first of each, whole or not, whatever stands around them; None unless both are there."""
    if (found := _found(unquote(text))) is not None:
        return found
    decoded = (_decoded(run) for run in _BASE64_RUN.findall(text))
    pairs = (found for each in decoded if (found := _found(each)) is not None)
    return next((found._replace(encoded=True) for found in pairs), None)


def _found(text: str) -> KeyAndSecret | None:
    key, secret = _KEY.search(text), _SECRET.search(text)
    if key is None or secret is None:
        return None
    of_key, of_secret = recognised(key[0]), recognised(secret[0])
    if of_key is None or of_secret is None:
        return None
    swapped = text[secret.end() : key.start()] == ":"
    return KeyAndSecret(of_key, of_secret, swapped, encoded=False)


def _decoded(run: str) -> str:
    padded = run.replace("+", "-").replace("/", "_") + "=" * (-len(run) % 4)
    return "" if len(run) % 4 == 1 else urlsafe_b64decode(padded).decode("latin-1")
