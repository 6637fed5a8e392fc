"""What kind of secret a text is, by its own form: nothing is looked up or kept."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from shared import opaque
from shared.contracts.identifiers import SESSION_TOKEN

MISTYPED = (
    "Copy it again from where it was saved, without blanks, quotes or line breaks. One that is lost is replaced by "
    "a new one."
)


class SecretKind(NamedTuple):
    noun: str
    goes: str
    """Where its holder sends it."""
    remark: str = ""

    @property
    def noun_with_article(self) -> str:
        return f"{'an' if self.noun[0] in 'aA' else 'a'} {self.noun}"

    @property
    def beginning(self) -> str:
        """The same, at the beginning of a sentence."""
        return f"A{self.noun_with_article[1:]}"


class Pasted(NamedTuple):
    kind: SecretKind
    whole: bool
    registered: bool
    """Whether it is that of a company's credential, which the key registry finds by its digest."""


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
    opaque.API_CLIENT_KEY: SecretKind(
        "API client's key",
        "Send it to POST /auth/token, before a colon and the secret, as Basic credentials.",
        remark="It is no secret.",
    ),
}
_SESSION_TOKEN = SecretKind(
    "session token",
    "Send it in x-api-token, or as apitoken in the query. It has ended once its time or its uses are up, or its "
    "access key is stopped: GET /verify says so, and counts as a use. Request a new one from POST /generate.",
)
_NEARLY_SESSION_TOKEN = re.compile(r"(?=[0-9A-Fa-f-]{24,48}\Z)[0-9A-Fa-f]+(?:-[0-9A-Fa-f]+){2,6}-?")
"""A UUID, or one with a few characters too many or too few."""
_PREFIX = re.compile(rf"({'|'.join(_KINDS)})_")


def recognised(text: str) -> Pasted | None:
    """None for what has not the form of a partner's credential, nor nearly so."""
    if _NEARLY_SESSION_TOKEN.fullmatch(text):
        whole = SESSION_TOKEN.fullmatch(text.lower()) is not None
        return Pasted(_SESSION_TOKEN, whole, registered=False)
    found = _PREFIX.match(text)
    if found is None:
        return None
    prefix = found[1]
    well_formed = opaque.well_formed_id if prefix == opaque.API_CLIENT_KEY else opaque.well_formed
    return Pasted(_KINDS[prefix], well_formed(prefix, text), registered=prefix != opaque.ADMIN_TOKEN)


def kind_of_prefix(prefix: str) -> SecretKind | None:
    """Of a prefix alone, such as `pgat_`: what is kept of a secret that nobody knows."""
    return _KINDS.get(prefix.removesuffix("_"))


def is_client_secret(prefix: str) -> bool:
    return prefix == f"{opaque.API_CLIENT_SECRET}_"
