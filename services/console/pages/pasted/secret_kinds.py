"""The kinds of secrets, and of what else is ours and is pasted like one: what each is called, and where it goes."""

from collections.abc import Mapping
from typing import NamedTuple

from shared import opaque

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
    checked: bool = True
    """Whether it has a checksum: of one without, a wrong letter is not seen."""

    @property
    def noun_with_article(self) -> str:
        return f"{'an' if self.noun[0].lower() in 'aeiou' else 'a'} {self.noun}"

    @property
    def beginning(self) -> str:
        """The same, at the beginning of a sentence."""
        return f"A{self.noun_with_article[1:]}"


KINDS: Mapping[str, SecretKind] = {
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
        "sign-in that waits for a code",
        f"It belongs in the browser that signs in. {_NOWHERE_ELSE}",
        checked=False,
    ),
    opaque.API_CLIENT_KEY: SecretKind(
        "API client's key",
        "Send it to POST /auth/token, before a colon and the secret, as Basic credentials.",
        remark=_NO_SECRET,
        checked=False,
    ),
}
"""By prefix."""
SESSION_TOKEN = SecretKind(
    "session token",
    "Send it in x-api-token, or as apitoken in the query. It has ended once its time or its uses are up, or its "
    "access key is stopped: GET /verify says so, and counts as a use. Request a new one from POST /generate.",
    checked=False,
)
KID = SecretKind(
    "key pair's KID",
    "Send it as kid in the header of the JWT that its private key signs.",
    remark=_NO_SECRET,
    checked=False,
)
ID = SecretKind(
    "id of something in Passgate",
    "No API takes it: addresses of pages, the admin API and the audit trail name things by it.",
    remark=_NO_SECRET,
    checked=False,
)


def kind_of_prefix(prefix: str) -> SecretKind | None:
    """Of a prefix alone, such as `pgat_`: what is kept of a secret that nobody knows."""
    return KINDS.get(prefix.removesuffix("_"))
