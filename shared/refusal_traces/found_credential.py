"""Which credential a request holds, wherever it is: its place and the prefix of its kind, and no more of it."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from shared.logging.redaction import redacted
from shared.opaque import claimed_prefix

MAX_NAME_CHARACTERS = 64
"""Of the name of a header field that is no usual place of a credential: the client chooses it."""
_FIELDS = {"authorization": "Authorization", "x-api-token": "X-Api-Token", "x-api-key": "X-Api-Key"}
"""Those that hold a credential, whatever it begins with."""
_PARAMETERS = frozenset({"apitoken", "access_token"})
"""As above; the second is of RFC 6750 section 2.3."""
_SCHEMES = frozenset({"Basic", "Bearer", "Digest"})


class FoundCredential(NamedTuple):
    place: str
    """A header field with the scheme of Authorization, or a parameter of the query."""
    prefix: str
    """`pgat_` and the like; "" of what is no secret or key of ours."""

    def __str__(self) -> str:
        return f"{self.place} (begins with {self.prefix})" if self.prefix else self.place


def find_credential(
    fields: Iterable[tuple[str, str]], parameters: Iterable[tuple[str, str]]
) -> FoundCredential | None:
    """What has a prefix of ours, in any place; else the first thing in a place where credentials are. An empty
    value, also after a scheme or in quotes, is nothing: such is what a client sends of a variable that is not set.

    `fields` and `parameters` of the query by name and value. For calls that are refused: it looks at every one.
    """
    first = None
    for one in _all(fields, parameters):
        if one.prefix:
            return one
        first = first or one
    return first


def _all(fields: Iterable[tuple[str, str]], parameters: Iterable[tuple[str, str]]) -> Iterator[FoundCredential]:
    for name, value in fields:
        prefix, place = _prefix_of(value), _FIELDS.get(name.lower())
        scheme, _, rest = value.strip().partition(" ")
        if place == "Authorization" and scheme.capitalize() in _SCHEMES:
            if not _is_empty(rest):
                yield FoundCredential(f"{place}: {scheme.capitalize()}", prefix)
        elif place is not None and not _is_empty(value):
            yield FoundCredential(place, prefix)
        elif prefix:
            yield FoundCredential(redacted(name)[:MAX_NAME_CHARACTERS], prefix)
    for name, value in parameters:
        prefix = _prefix_of(value)
        if name in _PARAMETERS and not _is_empty(value):
            yield FoundCredential(f"{name} in the query", prefix)
        elif prefix:
            yield FoundCredential("the query", prefix)


def _is_empty(value: str) -> bool:
    return not value.strip(" \t\"'")


def _prefix_of(value: str) -> str:
    """Also after a scheme, and in quotes."""
    if "_" not in value:
        return ""
    return claimed_prefix(value.strip().rpartition(" ")[2].lstrip("\"'"))
