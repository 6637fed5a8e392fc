"""The one redactor: nothing that may be a credential stays in what is logged or printed."""

import re
from base64 import b64encode
from collections.abc import Sequence
from string import ascii_letters, digits
from typing import Any

from shared.opaque import API_CLIENT_KEY, BEGINNING, PATTERN, PENDING_SIGN_IN, SECRET_PREFIXES

REDACTED = "[redacted]"
MAX_TEXT_CHARACTERS = 8192
"""Characters of one field: a traceback or a library's message has no bound of its own."""
MAX_ENCODINGS = 4
"""How many times over a text may be percent-encoded; one that is so more often is not shown at all."""
MAX_DEPTH = 6
"""Levels of nested values that are looked through; what is deeper is not shown."""

_BASE64_CHARACTERS = "[A-Za-z0-9+/_=-]"


def _in_base64(prefix: str) -> list[str]:
    """What is the same in every base64 text that holds `prefix`, for each of its three alignments."""
    found = []
    for before in range(3):
        text = b64encode(bytes(before) + prefix.encode()).decode().rstrip("=")
        first, last = -(-before * 8 // 6), (before + len(prefix)) * 8 // 6
        found.append(re.escape(text[first:last]))
    return found


_ENCODED_PREFIXES = "|".join(
    form for prefix in (*SECRET_PREFIXES, PENDING_SIGN_IN, API_CLIENT_KEY) for form in _in_base64(f"{prefix}_")
)

_JWTS = r"eyJ[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+)*+"
"""Also several in a row, and those whose end is missing because a path is cut. A header alone counts too: were a
dot needed, each `eyJ` of a long text without one would be followed to the text's end."""
_PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi", "r", "t", "k")
"""Of a JWK: RFC 7518 sections 6.2.2, 6.3.2 and 6.4, of whichever kind and size the key is."""
_NAMED = r"[dpqrtk](?<![\w-].)[pqi]?"
"""One of them, no end of a longer name. A character comes first: most places of a text are passed over by it."""
_PRIVATE_JWK = (
    # Also without quotes, or escaped as in JSON within JSON. The shortest, 32 bytes, has 43 characters.
    rf"{_NAMED}[\\\"']*\s*:\s*[\\\"']*[A-Za-z0-9_-]{{40,}}"
    # Cut off at the end of the text.
    rf"|{_NAMED}[\\\"']+\s*:\s*[\\\"']+[A-Za-z0-9_-]{{4,}}\Z"
)
_BESIDE_JWTS = (
    # Private keys in PEM, also cut.
    r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----(?:.*?-----END [A-Z ]*-----|.*)"
    rf"|{_PRIVATE_JWK}"
    # Our own opaque secrets in base64, by themselves or in Basic credentials, also cut.
    rf"|(?:{_ENCODED_PREFIXES}){_BASE64_CHARACTERS}{{8,}}"
    # Secrets of webhooks.
    rf"|whsec_{_BASE64_CHARACTERS}{{8,}}"
    # Passwords in connection URLs.
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
)
_CERTAIN = rf"{_JWTS}|{_BESIDE_JWTS}"
_STRUCTURED = re.compile(
    # Session tokens: UUIDs of version 4, while our ids have version 7.
    r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-4[0-9A-Fa-f]{3}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
    # SHA-256 in base64url, in which letters of both cases are mixed.
    r"|(?<![A-Za-z0-9_-])(?=[a-z0-9_-]*[A-Z])(?=[A-Z0-9_-]*[a-z])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"
    rf"|{_CERTAIN}",
    re.DOTALL,
)
_SECRET = re.compile(rf"{PATTERN.pattern}|{_CERTAIN}", re.DOTALL)
_SECRET_BESIDE_JWTS = re.compile(rf"{PATTERN.pattern}|{_BESIDE_JWTS}", re.DOTALL)
_HIDDEN = "\0"
_RUNS = re.compile(
    # Our own opaque secrets, also several in a row.
    rf"{PATTERN.pattern}"
    # The beginning of one whose further characters happen to read as something structured, such as `eyJ`.
    rf"|{BEGINNING.pattern}(?={_HIDDEN})"
    # SHA-256 in hexadecimal: what look-ups of opaque secrets name.
    r"|[0-9A-Fa-f]{64,}"
)
"""Runs of letters and digits: looked for after what is structured, of which they could hide the beginning."""


_MAX_KEPT_TEXTS = 4096
_MAX_KEPT_LENGTH = 128
_CLEAN: set[str] = set()
"""Short texts in which nothing was found: most of what is logged is logged again. No secret is ever kept here."""

_LONGEST_KNOWN_WHOLE = 64
"""Characters of a SHA-256 in hexadecimal."""
_CHARACTERS_OF_AN_ENCODED_ONE = 1 + 2 * MAX_ENCODINGS
_OF_WHAT_IS_KNOWN_WHOLE = f"{ascii_letters}{digits}-_%"

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")

Span = tuple[int, int]
"""Where a match begins, and where it ends (exclusive)."""


def redacted(text: str) -> str:
    """`text` with every credential that it may hold replaced, however many of its characters are percent-encoded.

    All else stays as it was. A text that is encoded more than `MAX_ENCODINGS` times over is not shown.
    """
    if text in _CLEAN:
        return text
    shown = _redacted(text)
    if shown == text and len(text) <= _MAX_KEPT_LENGTH:
        if len(_CLEAN) >= _MAX_KEPT_TEXTS:
            _CLEAN.clear()
        _CLEAN.add(text)
    return shown


def _redacted(text: str) -> str:
    found = _matches(text)
    plain = text
    origins: Sequence[int] = range(len(text) + 1)
    for _ in range(MAX_ENCODINGS):
        if not _ESCAPE.search(plain):
            break
        plain, origins = _decoded(plain, origins)
        found += ((origins[start], origins[end]) for start, end in _matches(plain))
    else:
        if _ESCAPE.search(plain):
            return REDACTED
    return _without(text, found) if found else text


def cut(text: str, characters: int) -> str:
    """At most so many characters of `text`, so that `redacted` finds in them what it would find in the whole.

    What is known by its beginning may be cut anywhere. A session token and a digest are known only when they are
    whole: what they could be the beginning of goes too.
    """
    if len(text) <= characters:
        return text
    start = text[:characters]
    tail = start[-_LONGEST_KNOWN_WHOLE:]
    longest = _LONGEST_KNOWN_WHOLE if "%" not in tail else _LONGEST_KNOWN_WHOLE * _CHARACTERS_OF_AN_ENCODED_ONE
    return start[: max(len(start.rstrip(_OF_WHAT_IS_KNOWN_WHOLE)), characters - longest)]


def holds_secret(text: str, *, jwts: bool = True) -> bool:
    """Whether `text` holds what can only be a secret, `jwts` among them. A UUID or a digest may be one, and does
    not count."""
    return (_SECRET if jwts else _SECRET_BESIDE_JWTS).search(text) is not None


def _matches(text: str) -> list[Span]:
    found: list[Span] = []

    def hide(match: re.Match[str]) -> str:
        found.append(match.span())
        return _HIDDEN * len(match[0])

    hidden = _STRUCTURED.sub(hide, text)
    return found + [match.span() for match in _RUNS.finditer(hidden)]


def _decoded(text: str, origins: Sequence[int]) -> tuple[str, Sequence[int]]:
    """`text` with its escapes replaced, and for each character and the end where it began in the source.

    `origins` is the same for `text`. One escape is one character: no credential has others than those of ASCII.
    """
    parts: list[str] = []
    kept: list[int] = []
    at = 0
    for escape in _ESCAPE.finditer(text):
        parts += text[at : escape.start()], chr(int(escape[1], 16))
        kept += origins[at : escape.start() + 1]
        at = escape.end()
    return "".join((*parts, text[at:])), [*kept, *origins[at:]]


def _without(text: str, spans: list[Span]) -> str:
    parts: list[str] = []
    at = -1
    for start, end in sorted(spans):
        if start > at:
            parts += text[max(at, 0) : start], REDACTED
        at = max(at, end)
    return "".join((*parts, text[at:]))


def redacted_value(value: Any, depth: int = 0) -> Any:
    """`value` with every text in it redacted, that of dictionaries and sequences included."""
    if isinstance(value, str):
        return redacted(cut(value, MAX_TEXT_CHARACTERS))
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth >= MAX_DEPTH:
        return REDACTED
    if isinstance(value, dict):
        private = _PRIVATE_MEMBERS if "kty" in value else ()
        return {
            redacted(str(k)): REDACTED if k in private else redacted_value(v, depth + 1) for k, v in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted_value(item, depth + 1) for item in value]
    return redacted(str(value))
