"""The target of a request: brought to its one spelling, which is what is matched, authorized and forwarded."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from gateway.http1.request import BadRequest

_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)+")
# Browsers leave more unescaped in a query than RFC 3986 allows; none of it can end or split the query.
_QUERY = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?\[\]{}|^`-]|%[0-9A-Fa-f]{2})*")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_PARAMETERS = re.compile(r";[^/]*")
_DELIMITERS = {f"%{ord(character):02X}": character for character in "!$&'()*+,:=@"}
"""By their escapes: a path may hold them as they are, and servers take them for the same when they are escaped."""
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_NEVER = frozenset("\\\x7f") | {chr(code) for code in range(32)}
"""What a path must not hold even when it is escaped: an upstream may read it as a separator, or stop there."""
_MAX_CACHED_PATH_LENGTH = 256
MAX_AMBIGUITIES = 64
"""Escaped slashes and semicolons in one path: each is looked at in several readings, and a stranger chooses it."""

ENCODED_SLASHES = "encoded_slashes"
SEMICOLONS = "semicolons"
ESCAPED_DELIMITERS = "escaped_delimiters"
"""Every route lets these through, if the path is its own in every reading."""
_HELD = {
    ENCODED_SLASHES: "holds an escaped slash",
    SEMICOLONS: "holds a semicolon",
}
"""What only a route that says so by this member lets through."""
_NOTHING = frozenset[str]()


@dataclass(slots=True)
class Target:
    path: str
    """Unreserved characters unescaped, escapes in capitals: two paths that mean the same are the same."""
    query: str | None
    """As it was sent; None when there is none."""
    ambiguities: frozenset[str] = _NOTHING
    """`ENCODED_SLASHES`, `SEMICOLONS`, `ESCAPED_DELIMITERS`: what servers read differently. See `readings`."""

    def __str__(self) -> str:
        return self.path if self.query is None else f"{self.path}?{self.query}"


def parse_target(raw: str) -> Target:
    """The target in origin form. Raises `BadRequest` for any path that two servers may read differently.

    Refused: dot segments, empty segments, `;`; slashes, backslashes and control characters that are escaped, once
    or twice; escapes that are no UTF-8, so overlong ones too; characters that no path holds.
    """
    target = read_target(raw)
    require_allowed(target, _NOTHING)
    return target


def read_target(raw: str) -> Target:
    """The same, but that it may hold what a route has to allow. Raises `BadRequest`."""
    path, _, query = raw.partition("?")
    path, ambiguities = _cached_path(path) if len(path) <= _MAX_CACHED_PATH_LENGTH else _path(path)
    if not query:
        return Target(path, None, ambiguities)
    if _QUERY.fullmatch(query) is None:
        raise BadRequest("the query holds a character that must be percent-encoded", code="malformed_target")
    return Target(path, query, ambiguities)


def require_allowed(target: Target, allowed: frozenset[str]) -> None:
    """Raises `BadRequest` when the path holds something that is not `allowed`."""
    for member in target.ambiguities - allowed - {ESCAPED_DELIMITERS}:
        raise _ambiguous(_HELD[member])


def readings(path: str) -> list[str]:
    """All ways in which a server may read a path that holds any of `Target.ambiguities`, itself first.

    Servers unescape before or after they take a path apart, some of them all but the slashes, and leave out what
    follows a semicolon in a segment (its parameters, RFC 3986 section 3.3) before that, after it, or never.
    """
    found = [path]
    for reading in found:
        others = (
            reading.replace("%2F", "/"),
            reading.replace("%3B", ";"),
            _with_delimiters(reading),
            _PARAMETERS.sub("", reading),
        )
        found += [other for other in dict.fromkeys(others) if other not in found]
    return found


def _with_delimiters(path: str) -> str:
    """`path` with none of them escaped."""
    for escape, character in _DELIMITERS.items():
        path = path.replace(escape, character)
    return path


def _path(path: str) -> tuple[str, frozenset[str]]:
    """`path` in its one spelling, and `Target.ambiguities`. Raises `BadRequest`."""
    if _PATH.fullmatch(path) is None:
        raise _ambiguous("holds a character that must be percent-encoded, or may not be there at all")
    if "%" in path:
        path = _unescaped(path)
    elif ";" not in path:
        _check_segments(path)
        return path, _NOTHING
    slashes, semicolons = path.count("%2F"), path.count(";") + path.count("%3B")
    if slashes + semicolons > MAX_AMBIGUITIES:
        raise _ambiguous(f"holds more than {MAX_AMBIGUITIES} escaped slashes and semicolons")
    ambiguities = ({ENCODED_SLASHES} if slashes else set()) | ({SEMICOLONS} if semicolons else set())
    if any(escape in path for escape in _DELIMITERS):
        ambiguities.add(ESCAPED_DELIMITERS)
    for reading in readings(path) if ambiguities else (path,):
        _check_segments(reading)
    return path, frozenset(ambiguities)


_cached_path = lru_cache(maxsize=4096)(_path)


def _unescaped(path: str) -> str:
    decoded = unquote_to_bytes(path)
    if _ESCAPE.search(decoded.decode("latin-1")) is not None:
        raise _ambiguous("is percent-encoded twice")
    try:
        text = decoded.decode("utf-8")
    except UnicodeDecodeError:
        raise _ambiguous("is not percent-encoded UTF-8") from None
    if any("\x80" <= character <= "\x9f" for character in text):
        raise _ambiguous("holds a control character")
    return _ESCAPE.sub(_canonical_escape, path)


def _canonical_escape(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    if character in _NEVER:
        raise _ambiguous("holds an escaped backslash or control character")
    return character if character in _UNRESERVED else match[0].upper()


def _check_segments(path: str) -> None:
    segments = path.split("/")[1:]
    if any(segment in (".", "..") for segment in segments):
        raise _ambiguous("holds a dot segment")
    if any(not segment for segment in segments[:-1]):
        raise _ambiguous("holds an empty segment")


def _ambiguous(why: str) -> BadRequest:
    return BadRequest(f"the path {why}", code="malformed_target")
