"""What kind of secret somebody has pasted, by its own prefix and checksum: nothing is looked up or kept."""

import re
from typing import NamedTuple

from shared import opaque


class Pasted(NamedTuple):
    noun: str
    whole: bool
    goes: str
    """Where its holder sends it."""


_GOES = {
    opaque.API_TOKEN: ("an API token", "Send it in X-Api-Token, with your client prefix in X-Client-Prefix."),
    opaque.ACCESS_KEY: ("an access key", "Send it in x-api-key to POST /generate, which returns a session token."),
    opaque.API_CLIENT_SECRET: (
        "the secret of an API client",
        "Send it to POST /auth/token, after the key and a colon, as Basic credentials.",
    ),
    opaque.API_CLIENT_KEY: (
        "the key of an API client, which is no secret",
        "Send it to POST /auth/token, before a colon and the secret, as Basic credentials.",
    ),
}
_KINDS = re.compile(rf"({'|'.join(_GOES)})_")


def recognised(text: str) -> Pasted | None:
    """None for what has no prefix of a partner's credential."""
    found = _KINDS.match(text)
    if found is None:
        return None
    prefix = found[1]
    well_formed = opaque.well_formed_id if prefix == opaque.API_CLIENT_KEY else opaque.well_formed
    noun, goes = _GOES[prefix]
    return Pasted(noun, well_formed(prefix, text), goes)
