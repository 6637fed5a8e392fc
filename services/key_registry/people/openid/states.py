"""What is remembered between sending somebody to the provider and their return: by their browser, sealed.

So that strangers who begin write nothing. Whoever returns must have the browser that began: it alone has the token.
"""

import hashlib
import secrets
from dataclasses import asdict, dataclass, field
from hmac import compare_digest

import orjson

from services.key_registry.people.sealing import InvalidSeal, OpenedSeal, Seals
from shared.jose import base64url

STATE_LIFE_S = 600
"""Seconds for signing in at the provider."""
_PURPOSE = b"openid sign-in"


@dataclass(frozen=True, slots=True)
class State:
    state: str
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    invitation: str = field(repr=False)
    """The token of one that is to be accepted; empty: none."""
    begun_at: float
    session: str = ""
    """Of who is to show anew who they are; empty: it is a sign-in."""

    @property
    def code_challenge(self) -> str:
        """RFC 7636 section 4.2."""
        return base64url.encode(hashlib.sha256(self.code_verifier.encode()).digest()).decode()


class States:
    def __init__(self, seals: Seals) -> None:
        self._seals = seals

    def begin(self, invitation: str, now: float, session: str = "") -> tuple[str, State]:
        """The token for the browser, and what it holds."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        begun = State(state, nonce, verifier, invitation, now, session)
        kept = self._seals.seal(orjson.dumps(asdict(begun)), _PURPOSE, now=now, life_s=STATE_LIFE_S)
        return base64url.encode(kept.data).decode(), begun

    def verify(self, token: str, state: str, now: float) -> tuple[State, OpenedSeal]:
        """What was begun, and by what it is used up. Raises `InvalidSeal`, also where it is not of this browser."""
        try:
            opened = self._seals.open(base64url.decode(token.encode("ascii")), _PURPOSE, now=now)
            begun = State(**orjson.loads(opened.content))
        except (ValueError, TypeError):  # TypeError: of another version, with other members
            raise InvalidSeal("malformed") from None
        if not compare_digest(begun.state.encode(), state.encode("utf-8", "replace")):
            raise InvalidSeal("malformed")
        return begun, opened
