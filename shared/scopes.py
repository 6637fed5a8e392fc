"""Scopes: `resource:action:selector`, 1 to 8 segments of `[A-Za-z0-9_.-]{1,64}` or `*`, joined by colons.

`*` stands for exactly one segment; as the last segment for one or more. So `entity:*` covers
`entity:write` and `entity:write:crew`, and not the bare `entity`: what names the resource as a whole
is granted by its own name only. `*` alone covers everything.
"""

import re
from collections.abc import Iterable, Sequence

from shared.errors import FieldError, Invalid

MAX_SCOPES = 64
MAX_SCOPE_CHARACTERS = 256
MAX_SEGMENTS = 8

_SCOPE = re.compile(r"(?:[A-Za-z0-9_.-]{1,64}|\*)(?::(?:[A-Za-z0-9_.-]{1,64}|\*)){0,7}")


class InvalidScope(Invalid):
    """A scope that is ill-formed or not granted. Says which one by its place, and does not repeat it."""

    code = "invalid_scope"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field} {message}", errors=[FieldError(field, message)])


def parse_scope(text: str, *, field: str = "scope") -> tuple[str, ...]:
    """The segments of one scope. Raises InvalidScope."""
    if len(text) > MAX_SCOPE_CHARACTERS:
        raise InvalidScope(field, f"is longer than {MAX_SCOPE_CHARACTERS} characters")
    if _SCOPE.fullmatch(text) is None:
        raise InvalidScope(
            field, f"must be 1 to {MAX_SEGMENTS} segments of [A-Za-z0-9_.-]{{1,64}} or *, joined by colons"
        )
    return tuple(text.split(":"))


def parse_scope_list(value: object, *, field: str = "scope") -> tuple[str, ...]:
    """The scopes of a space-separated string (RFC 6749 section 3.3) or of a list, each once, in their order.

    An empty string or list gives none. Raises InvalidScope, naming the place of the one that is wrong.
    """
    if isinstance(value, str):
        if len(value) > MAX_SCOPES * (MAX_SCOPE_CHARACTERS + 1):
            raise InvalidScope(field, f"holds more than {MAX_SCOPES} scopes of {MAX_SCOPE_CHARACTERS} characters")
        entries: Sequence[object] = value.split(" ") if value else ()
        if "" in entries:
            raise InvalidScope(field, "holds a blank too many: one goes between two scopes, and none around them")
    elif isinstance(value, (list, tuple)):
        entries = value
    else:
        raise InvalidScope(field, "must be a string or a list of strings")
    if len(entries) > MAX_SCOPES:
        raise InvalidScope(field, f"holds more than {MAX_SCOPES} scopes")
    scopes: dict[str, None] = {}
    for index, entry in enumerate(entries):
        if not isinstance(entry, str):
            raise InvalidScope(f"{field}[{index}]", "must be a string")
        parse_scope(entry, field=f"{field}[{index}]")
        scopes[entry] = None
    return tuple(scopes)


def covers(granted: str, wanted: str) -> bool:
    """Whether whoever has `granted` has `wanted`, both well-formed.

    A wildcard that is wanted is covered only by one that takes in all that it may stand for:
    `website:*` is not covered by `website:read:*`.
    """
    if granted == wanted:
        return True
    have, want = granted.split(":"), wanted.split(":")
    last = len(have) - 1
    for index, segment in enumerate(have):
        if index >= len(want):
            return False
        if segment == "*" and index == last:
            return True
        if segment not in ("*", want[index]):
            return False
    return len(have) == len(want)


def covered(granted: Iterable[str], wanted: str) -> bool:
    """Whether any of `granted` covers `wanted`."""
    return any(covers(scope, wanted) for scope in granted)


def intersection(one: str, other: str) -> str | None:
    """The scope that covers exactly what both cover, both well-formed; None when they have nothing in common."""
    short, long = sorted((one.split(":"), other.split(":")), key=len)
    if len(short) < len(long):
        if short[-1] != "*":
            return None
        short += "*" * (len(long) - len(short))
    common = []
    for a, b in zip(short, long, strict=True):
        if "*" not in (a, b) and a != b:
            return None
        common.append(b if a == "*" else a)
    return ":".join(common)


def grant(granted: Iterable[str], requested: Iterable[str], *, field: str = "scope") -> frozenset[str]:
    """What was requested, if all of it is covered. Raises InvalidScope at the first that is not."""
    have = frozenset(granted)
    want = tuple(requested)
    for index, scope in enumerate(want):
        if not covered(have, scope):
            raise InvalidScope(f"{field}[{index}]", "is not granted")
    return frozenset(want)
