"""The query that an upstream gets in place of the caller's: the stored parameters of a session token."""

from collections.abc import Sequence
from urllib.parse import quote

from gateway.http1.fields import folded

_ESCAPED = {number: quote(chr(number), safe="") for number in range(128)}
"""Each ASCII character as it stands in a query (RFC 3986 section 2.1): in one step for most of what is stored."""


def query_of(stored: dict[str, str], others: Sequence[tuple[str, str]] = ()) -> str:
    """The query that holds what is stored, exactly and in its order, and after it what of `others` is not stored.

    A name that an upstream may take for a stored one counts as stored.
    """
    pairs = [*stored.items()]
    if others:
        taken = {folded(name) for name in stored}
        pairs += [(name, value) for name, value in others if name not in stored and folded(name) not in taken]
    return "&".join([f"{_escape(name)}={_escape(value)}" for name, value in pairs])


def _escape(text: str) -> str:
    return text.translate(_ESCAPED) if text.isascii() else quote(text, safe="")
