"""What is remembered between sending somebody to the provider and their return: by their browser, sealed.

So that strangers who begin write nothing. Whoever returns must have the browser that began: it alone has the token.
"""

import hashlib
import secrets
from dataclasses import asdict, dataclass, field
from hmac import compare_digest

import orjson

from shared.jose import base64url
from shared.sealed_box import CannotOpen, SealedBox

STATE_LIFE_S = 600
"""Seconds for signing in at the provider."""
_CONTEXT = b"openid sign-in"


class InvalidState(Exception):
    """Not ours, expired, or not of this browser."""


@dataclass(frozen=True, slots=True)
class State:
    state: str
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    invitation: str = field(repr=False)
    """The token of one that is to be accepted; empty: none."""
    expires_at: float
    session: str = ""
    """Of who is to show anew who they are; empty: it is a sign-in."""

    @property
    def begun_at(self) -> float:
        return self.expires_at - STATE_LIFE_S

    @property
    def code_challenge(self) -> str:
        """RFC 7636 section 4.2."""
        return base64url.encode(hashlib.sha256(self.code_verifier.encode()).digest()).decode()


class States:
    def __init__(self, box: SealedBox) -> None:
        self._box = box

    def begin(self, invitation: str, now: float, session: str = "") -> tuple[str, State]:
        """The token for the browser, and what it holds."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        begun = State(state, nonce, verifier, invitation, now + STATE_LIFE_S, session)
        sealed = self._box.seal(orjson.dumps(asdict(begun)), context=_CONTEXT)
        return base64url.encode(sealed).decode(), begun

    def verify(self, token: str, state: str, now: float) -> State:
        """Raises `InvalidState`."""
        try:
            found = State(**orjson.loads(self._box.open(base64url.decode(token.encode("ascii")), context=_CONTEXT)))
        except (CannotOpen, ValueError, TypeError):  # TypeError: of another version, with other members
            raise InvalidState from None
        if found.expires_at <= now or not compare_digest(found.state.encode(), state.encode("utf-8", "replace")):
            raise InvalidState
        return found
