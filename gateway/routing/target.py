"""The target of a request: brought to its one spelling, which is what is matched, authorized and forwarded."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from gateway.http1.request import BadRequest

_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})*)+")
# Browsers leave more unescaped in a query than RFC 3986 allows; none of it can end or split the query.
_QUERY = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?\[\]{}|^`-]|%[0-9A-Fa-f]{2})*")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_NEVER = frozenset("/\\;\x7f") | {chr(code) for code in range(32)}
"""What a path must not hold even when it is escaped: an upstream may read it as a separator, or stop there."""


_MAX_CACHED_PATH_LENGTH = 256


@dataclass(slots=True)
class Target:
    path: str
    """Unreserved characters unescaped, escapes in capitals: two paths that mean the same are the same."""
    query: str | None
    """As it was sent; None when there is none."""

    def __str__(self) -> str:
        return self.path if self.query is None else f"{self.path}?{self.query}"


def parse_target(raw: str) -> Target:
    """The target in origin form. Raises `BadRequest` for any path that two servers may read differently.

    Refused: dot segments, empty segments, `;`, backslashes and control characters, also when they are escaped once
    or twice; escapes that are no UTF-8, so overlong ones too; characters that no path holds.
    """
    path, _, query = raw.partition("?")
    path = _cached_path(path) if len(path) <= _MAX_CACHED_PATH_LENGTH else _path(path)
    if not query:
        return Target(path, None)
    if _QUERY.fullmatch(query) is None:
        raise BadRequest("the query holds a character that must be percent-encoded", code="malformed_target")
    return Target(path, query)


def _path(path: str) -> str:
    """`path` in its one spelling. Raises `BadRequest`."""
    if _PATH.fullmatch(path) is None:
        raise _ambiguous("holds a character that must be percent-encoded, or may not be there at all")
    if "%" in path:
        path = _unescaped(path)
    _check_segments(path)
    return path


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
        raise _ambiguous("holds an escaped separator or control character")
    return character if character in _UNRESERVED else match[0].upper()


def _check_segments(path: str) -> None:
    segments = path.split("/")[1:]
    if any(segment in (".", "..") for segment in segments):
        raise _ambiguous("holds a dot segment")
    if any(not segment for segment in segments[:-1]):
        raise _ambiguous("holds an empty segment")


def _ambiguous(why: str) -> BadRequest:
    return BadRequest(f"the path {why}", code="malformed_target")
