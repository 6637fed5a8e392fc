"""What kind of secret a text is, by its own form: nothing is looked up or kept."""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from services.console.pages.refused_calls.not_shown import split_jwt
from shared import opaque
from shared.contracts.identifiers import SESSION_TOKEN

MISTYPED = (
    "Copy it again from where it was saved, without blanks, quotes or line breaks. One that is lost is replaced by "
    "a new one."
)


_NO_SECRET = "It is no secret."
_NOWHERE_ELSE = "Never send it anywhere else: no API takes it."
_LINK = "Open the link in a browser: no API takes it, and whoever has it can open it."


class SecretKind(NamedTuple):
    noun: str
    goes: str
    """Where its holder sends it."""
    remark: str = ""

    @property
    def noun_with_article(self) -> str:
        return f"{'an' if self.noun[0] in 'aAi' else 'a'} {self.noun}"

    @property
    def beginning(self) -> str:
        """The same, at the beginning of a sentence."""
        return f"A{self.noun_with_article[1:]}"


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


_KINDS: Mapping[str, SecretKind] = {
    opaque.API_TOKEN: SecretKind(
        "API token", "Send it in X-Api-Token, with your client prefix in X-Client-Prefix."
    ),
    opaque.ACCESS_KEY: SecretKind(
        "access key", "Send it in x-api-key to POST /generate, which returns a session token."
    ),
    opaque.API_CLIENT_SECRET: SecretKind(
        "API client's secret",
        "Send it to POST /auth/token, after the key and a colon, as Basic credentials.",
    ),
    opaque.ADMIN_TOKEN: SecretKind("admin token", "It is for the admin API alone: never send it anywhere else."),
    opaque.PERSON_SESSION: SecretKind(
        "session of a person", f"It belongs in the browser of whoever has signed in. {_NOWHERE_ELSE}"
    ),
    opaque.INVITATION: SecretKind("invitation", f"It is the end of a link that works once. {_LINK}"),
    opaque.PORTAL_LINK: SecretKind("portal link", f"It is the end of a link that works once. {_LINK}"),
    opaque.PASSWORD_RESET: SecretKind("password link", f"It is the end of a link that works once. {_LINK}"),
    opaque.PENDING_SIGN_IN: SecretKind(
        "sign-in that waits for a code", f"It belongs in the browser that signs in. {_NOWHERE_ELSE}"
    ),
    opaque.API_CLIENT_KEY: SecretKind(
        "API client's key",
        "Send it to POST /auth/token, before a colon and the secret, as Basic credentials.",
        remark=_NO_SECRET,
    ),
}
_SESSION_TOKEN = SecretKind(
    "session token",
    "Send it in x-api-token, or as apitoken in the query. It has ended once its time or its uses are up, or its "
    "access key is stopped: GET /verify says so, and counts as a use. Request a new one from POST /generate.",
)
_KID = SecretKind(
    "key pair's KID", "Send it as kid in the header of the JWT that its private key signs.", remark=_NO_SECRET
)
_ID = SecretKind(
    "id of something in Passgate",
    "No API takes it: addresses of pages, the admin API and the audit trail name things by it.",
    remark=_NO_SECRET,
)
_ID_FORM = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-7[0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}")
"""A version 7 UUID: session tokens are of version 4."""
_KID_FORM = re.compile(rf"{opaque.KEY_PAIR}_[0-9A-Za-z]+")
_NEARLY_SESSION_TOKEN = re.compile(r"(?=[0-9A-Fa-f-]{24,48}\Z)[0-9A-Fa-f]+(?:-[0-9A-Fa-f]+){2,6}-?")
"""A UUID, or one with a few characters too many or too few."""
_PREFIX = re.compile(rf"({'|'.join(_KINDS)})_")
_WITHIN = re.compile(
    rf"(?<![0-9A-Za-z])(?:(?:{'|'.join(_KINDS)})_[0-9A-Za-z]+|(?i:{SESSION_TOKEN.pattern})(?![0-9A-Za-z-]))"
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
        return Pasted(_ID, True, registered=True, text=text)
    if _KID_FORM.fullmatch(text):
        return Pasted(_KID, opaque.well_formed_id(opaque.KEY_PAIR, text), registered=True, text=text)
    if _NEARLY_SESSION_TOKEN.fullmatch(text):
        whole = SESSION_TOKEN.fullmatch(text.lower()) is not None
        return Pasted(_SESSION_TOKEN, whole, registered=False, text=text)
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
    return Pasted(_KINDS[prefix], whole, registered=prefix in _OF_COMPANIES, text=text)


def kind_of_prefix(prefix: str) -> SecretKind | None:
    """Of a prefix alone, such as `pgat_`: what is kept of a secret that nobody knows."""
    return _KINDS.get(prefix.removesuffix("_"))
