"""What kind of secret a text is, by its own form: nothing is looked up or kept."""

import re
from typing import NamedTuple
from urllib.parse import unquote

from services.console.pages.pasted.not_shown import split_jwt
from services.console.pages.pasted.secret_kinds import ID, KID, KINDS, SESSION_TOKEN, SecretKind
from shared import identifiers, opaque


class Pasted(NamedTuple):
    kind: SecretKind
    whole: bool
    registered: bool
    """Whether the key registry finds it: a secret of a company's credential by its digest, or what is no secret."""
    text: str
    alone: bool = True
    """Whether nothing else was pasted with it."""

    def __repr__(self) -> str:
        return f"Pasted({self.kind.noun})"


_ID_FORM = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-7[0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}")
"""A version 7 UUID: session tokens are of version 4."""
_KID_FORM = re.compile(rf"{opaque.KEY_PAIR}_[0-9A-Za-z]+")
_NEARLY_SESSION_TOKEN = re.compile(r"(?=[0-9A-Fa-f-]{24,48}\Z)[0-9A-Fa-f]+(?:-[0-9A-Fa-f]+){2,6}-?")
"""A UUID, or one with a few characters too many or too few."""
_PREFIX = re.compile(rf"({'|'.join(KINDS)})_")
_WITHIN = re.compile(
    rf"(?<![0-9A-Za-z])(?:(?:{'|'.join(KINDS)})_[0-9A-Za-z]+|(?i:{identifiers.SESSION_TOKEN.pattern})(?![0-9A-Za-z-]))"
)
_OF_COMPANIES = frozenset({opaque.API_TOKEN, opaque.ACCESS_KEY, opaque.API_CLIENT_SECRET, opaque.API_CLIENT_KEY})
_QUOTES = " \t\r\n\"'`"
_BEFORE = re.compile(r"(?:(?:Authorization|X-Api-Token|X-Api-Key)\s*:\s*)?(?:(?:Bearer|Basic)\s+)?", re.IGNORECASE)


def bare(text: str) -> str:
    """Without what is copied along: the header field, its scheme, quotes."""
    own = text.strip(_QUOTES)
    before = _BEFORE.match(own)
    return own[before.end() :].strip(_QUOTES) if before else own


def recognised(text: str) -> Pasted | None:
    """None for what neither is nor holds anything that has, or nearly has, the form of a secret or key of ours."""
    own = bare(text)
    if (found := _recognised(own)) is not None:
        return found._replace(alone=own == text)
    jwt, rest = split_jwt(own)  # by chance its letters may be those of a prefix, and never a whole secret
    within = next(iter(opaque.find_in(jwt)), None)
    if within is None and (match := _WITHIN.search(unquote(rest))) is not None:
        within = match[0]
    found = None if within is None else _recognised(within)
    return None if found is None else found._replace(alone=False)


def _recognised(text: str) -> Pasted | None:
    if _ID_FORM.fullmatch(text):
        return Pasted(ID, True, registered=True, text=text)
    if _KID_FORM.fullmatch(text):
        return Pasted(KID, opaque.well_formed_id(opaque.KEY_PAIR, text), registered=True, text=text)
    if _NEARLY_SESSION_TOKEN.fullmatch(text):
        whole = identifiers.SESSION_TOKEN.fullmatch(text.lower()) is not None
        return Pasted(SESSION_TOKEN, whole, registered=False, text=text)
    found = _PREFIX.match(text)
    if found is None:
        return None
    prefix = found[1]
    if prefix == opaque.API_CLIENT_KEY:
        whole = opaque.well_formed_id(prefix, text)
    elif prefix == opaque.PENDING_SIGN_IN:
        whole = opaque.content_of_sealed(prefix, text) is not None
    else:
        whole = opaque.well_formed(prefix, text)
    return Pasted(KINDS[prefix], whole, registered=prefix in _OF_COMPANIES, text=text)
