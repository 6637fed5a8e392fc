"""The query that an upstream gets in place of the caller's: the stored parameters of a session token."""

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import quote

from gateway.http1.fields import folded

_ESCAPED = {number: quote(chr(number), safe="") for number in range(128)}
"""Each ASCII character as it stands in a query (RFC 3986 section 2.1): in one step for most of what is stored."""
_BEGINNING = re.compile(r"[\[\]\0:.]")
"""Ends what some upstreams take for the whole name."""


def query_of(stored: dict[str, str], others: Sequence[tuple[str, str]] = ()) -> str:
    """The query that holds what is stored, exactly and in its order, and after it what of `others` is not stored.

    A name that an upstream may take for a stored one, or for a part or the whole of it, counts as stored.
    """
    pairs = [*stored.items()]
    if others:
        taken = frozenset().union(*map(_readings, stored))
        pairs += [
            (name, value) for name, value in others if name not in stored and taken.isdisjoint(_readings(name))
        ]
    return "&".join([f"{_escape(name)}={_escape(value)}" for name, value in pairs])


def _readings(name: str) -> frozenset[str]:
    """What a careless upstream may read `name` as: in another case or spelling, or its beginning alone.

    PHP and qs take `user[id]` for a member of `user`, and PHP what follows a NUL for nothing; Zope has `user:int`,
    binders of objects `user.id`.
    """
    plain = name if name.isascii() else unicodedata.normalize("NFKC", name).casefold()
    return frozenset({folded(plain), folded(_BEGINNING.split(plain, maxsplit=1)[0]) or folded(plain)})


def _escape(text: str) -> str:
    return text.translate(_ESCAPED) if text.isascii() else quote(text, safe="")
