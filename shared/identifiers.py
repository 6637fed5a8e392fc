"""The forms of identifiers that one process writes and another reads: one pattern each, used at both ends.

All are to be matched as a whole. Secrets, keys of API clients and kids of key pairs have their form in
`shared.opaque`, scopes in `shared.scopes`.
"""

import re
from collections.abc import Iterable
from typing import Final

MAX_PREFIX_CHARACTERS: Final = 63
PREFIX: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.-]{{0,{MAX_PREFIX_CHARACTERS - 1}}}")
"""A `client_prefix` or an `application_prefix`."""

KID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""The `kid` of any key of ours, and the ids of the registry in an access token."""

OPAQUE_KID: Final = re.compile(r"[\x21-\x7e]{1,128}")
"""The `kid` of another issuer's key: some are Base64, others hold dots. It is compared, and is never a name."""

UUID_FORM: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""The id of an object of the registry, in its usual form."""

VERSION_ID: Final = re.compile(rf"{UUID_FORM.pattern}_v([0-9]{{1,9}})")
"""One secret of a credential: see `credential_version_id`."""

SESSION_TOKEN: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
"""A version 4 UUID in lower case. In capitals it is the same token."""

SHA256: Final = re.compile(r"[0-9a-f]{64}")
"""In hexadecimal digits, as the path of a look-up by a secret has it."""

REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
"""An `X-Request-Id` that is adopted."""

MAX_CLAIM_CHARACTERS: Final = 255
CLAIM: Final = re.compile(rf"[\x21-\x7e]{{1,{MAX_CLAIM_CHARACTERS}}}")
"""An audience, a `jti`, and whatever of a token may become a header field: printable ASCII without blanks."""

ISSUER: Final = re.compile(r"https?://[^\s?#]+[^\s?#/]")
"""The issuer's URL, without a final slash (RFC 8414 section 2)."""


def credential_version_id(credential_id: str, version: int) -> str:
    """By which one secret of a credential is stopped, and what was issued with it. It matches `KID`."""
    return f"{credential_id}_v{version}"


def version_among(ids: Iterable[str]) -> int:
    """The version that one of these ids of the registry names; 0 where none does."""
    return next((int(found[1]) for id_ in ids if (found := VERSION_ID.fullmatch(id_)) is not None), 0)


def anchored(pattern: re.Pattern[str]) -> str:
    """For pydantic and JSON Schema, which search for a pattern instead of matching the whole."""
    return f"^(?:{pattern.pattern})$"
