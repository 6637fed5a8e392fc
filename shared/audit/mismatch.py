"""What came where a credential belongs, as far as that may be said of what nobody knows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.identifiers import SESSION_TOKEN
from shared.opaque import KEY_PAIR, well_formed_id

A_SESSION_TOKEN = "session_token"
A_KID = "kid"
A_JWT = "jwt"
A_CLIENT_PREFIX = "client_prefix"
AN_ACCESS_TOKEN = "access_token"
AN_ASSERTION = "assertion"
"""Kinds that have no prefix, where one of them is in the place of another."""
_TEXTS: Mapping[str, str] = {
    A_SESSION_TOKEN: "a session token, by its form",
    A_KID: "the KID of a key pair, by its form",
    A_JWT: "a JWT, by its form",
    A_CLIENT_PREFIX: "the client prefix",
    AN_ACCESS_TOKEN: "a JWT with the kid of a token issuer, as access tokens have",
    AN_ASSERTION: "a JWT with the kid of a key pair, as assertions have",
}
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """For log and trace, never for its sender. It holds nothing of a secret."""

    prefix: str = ""
    """Of the kind that it begins as, such as `pgat_`, where it belongs elsewhere; "" of nothing of ours."""
    found: str = ""
    """One of the kinds above, or in the words of traces; "" where cause and prefix say all."""
    expected: str = ""
    """In the words of traces, what belongs there; "" where the check of the cause says it."""

    @property
    def kind(self) -> str:
        """What was sent, for machines: the prefix, or one of the kinds above; "" of nothing that we know."""
        return self.prefix or (self.found if self.found in _TEXTS else "")

    @property
    def text(self) -> str:
        """`found` in the words of traces."""
        return _TEXTS.get(self.found, self.found)


def nothing_sent(expected: str) -> Mismatch:
    """Of a call that has no credential, with what is read there."""
    return Mismatch(found="no credential", expected=expected)


def begins_with(prefix: str) -> str:
    """What was found, in the words of traces, of what is known by the prefix of its kind alone."""
    return f"it begins with {prefix}"


def text_of(kind: str) -> str:
    """What was found, in the words of traces, of what is known by one of the kinds above or by its prefix."""
    return _TEXTS.get(kind) or begins_with(kind)


def known_by_form(text: str) -> str:
    """Which of the kinds above has this form; "" of all else, also of what begins with a prefix of ours. A form
    proves nothing: it may be of another environment, or nobody's."""
    if SESSION_TOKEN.fullmatch(text.lower()):
        return A_SESSION_TOKEN
    if well_formed_id(KEY_PAIR, text):
        return A_KID
    return A_JWT if _JWT.fullmatch(text) else ""


def known_as_api_token(token: str, client_prefix: str) -> str:
    """As `known_by_form`, of what came as an API token beside this client prefix, which has no form of its own."""
    return A_CLIENT_PREFIX if token and token == client_prefix else known_by_form(token)
