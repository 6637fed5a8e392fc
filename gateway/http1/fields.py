"""Header fields: the grammar that is held to in both directions, and the names that mean something here."""

import re
from functools import lru_cache

from gateway.http1.bounded_cache import BoundedCache

MAX_FIELDS = 100
_MAX_CACHED_LINES = 8192
_MAX_CACHED_LENGTH = 100
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)|\0")
_ODD = re.compile(r"[^a-z0-9]+")
_MAY_BE_SECRET = re.compile(r"auth|cookie|cred|key|pass|secret|sess|sign|token")
OF_ONE_CALL = frozenset(
    {
        "cf-ray",
        "traceparent",
        "tracestate",
        "x-amzn-trace-id",
        "x-b3-parentspanid",
        "x-b3-spanid",
        "x-b3-traceid",
        "x-cloud-trace-context",
        "x-correlation-id",
        "x-request-id",
    }
)
"""Never the same twice: what held one would be cached in vain, in the place of something that comes again."""
_PRINTABLE = bytes(range(0x20, 0x7F))

HOP_BY_HOP = frozenset(
    {
        "connection",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""R23. Never passed on, whether `Connection` names them or not (RFC 9110 section 7.6.1)."""
ONCE = frozenset({"authorization", "content-length", "content-type", "expect", "host", "transfer-encoding"})
"""May come once in a request; and a name that merely reads like one of these may not come at all."""
_STEERING = frozenset({"connection", "content-length", "transfer-encoding"})


class MalformedField(ValueError):
    """A line that is no header field; the message says why and repeats nothing of it."""


class Name:
    """What a field's name, as it is spelled, means here. Raises `MalformedField` for what is no name."""

    __slots__ = ("cacheable", "folded", "lowered", "once", "steers")

    def __init__(self, spelled: str) -> None:
        if _NAME.fullmatch(spelled) is None:  # R7, R8, RFC 9112 sections 5.1, 5.2
            raise MalformedField("a header line has no name that HTTP allows, with a colon after it")
        self.lowered = spelled.lower()
        self.folded = folded(spelled)
        self.once = self.folded in ONCE
        self.steers = self.lowered in _STEERING
        self.cacheable = self.lowered not in OF_ONE_CALL and _MAY_BE_SECRET.search(self.lowered) is None


_cached_name = lru_cache(maxsize=4096)(Name)


class Field:
    """One header field. Characters are bytes (latin-1), so that encoding them again gives what came."""

    __slots__ = ("cacheable", "folded", "line", "name", "once", "steers", "value")

    @classmethod
    def of(cls, spelled: str, value: str) -> "Field":
        return cls(_cached_name(spelled), value, f"{spelled}: {value}")

    def __init__(self, name: Name, value: str, line: str) -> None:
        self.name = name.lowered
        self.folded = name.folded
        """See `folded`."""
        self.value = value
        """Without blanks at its ends."""
        self.line = line
        """How it is passed on: the name as it was spelled, a colon, one blank and the value."""
        self.cacheable = name.cacheable
        """Whether its name says that it holds no secret, and may come again, so that it may be remembered."""
        self.once = name.once
        """Whether it may come once in a request."""
        self.steers = name.steers
        """Whether it says something about the message's end or the connection."""


def parse_lines(raw: bytes, *, max_fields: int) -> tuple[str, list[Field]] | None:
    """The first line of a head, and its fields in their order (RFC 9112 section 5). None for too many fields.

    `raw` is the head up to, without, the empty line at its end. Raises `MalformedField` for what the RFC refuses,
    and on top of that for folded lines, blanks before the colon, control characters, so also a CR or LF alone.
    """
    first, *lines = raw.decode("latin-1").split("\r\n")
    if len(lines) > max_fields:
        return None
    # One pass in C tells the usual head, all of printable ASCII, from one whose values have to be looked at.
    plain = raw.translate(None, _PRINTABLE) == b"\r\n" * len(lines)
    return first, [_known.get(line) or _parse(line, plain=plain) for line in lines]


def _parse(line: str, *, plain: bool) -> Field:
    spelled, colon, given = line.partition(":")
    spelled = spelled if colon else ""
    name = _cached_name(spelled) if len(spelled) <= _MAX_CACHED_LENGTH else Name(spelled)
    value = given.strip(" \t")
    if not plain and _VALUE.fullmatch(value) is None:  # R1, RFC 9110 section 5.5
        raise MalformedField("a header value holds a control character")
    as_it_came = len(given) == len(value) + 1 and given[0] == " "
    field = Field(name, value, line if as_it_came else f"{spelled}: {value}")
    if name.cacheable and len(line) <= _MAX_CACHED_LENGTH:
        _known.put(line, field)
    return field


_known: BoundedCache[str, Field] = BoundedCache(_MAX_CACHED_LINES)
"""Short lines that have come before: most lines of a head are the same in the next. None that may hold a secret."""


def has_bare_control(begun: bytes | bytearray, start: int = 0) -> bool:
    """Whether what has come of a head, or of a line, is malformed from `start` on, whatever follows (R1).

    By a bare CR or LF, or a NUL (RFC 9112 section 2.2). The LF of a CR at the very end may be still to come.
    """
    return _BARE.search(begun, start) is not None


def is_plain(value: bytes) -> bool:
    """Whether it is printable ASCII and nothing else."""
    return not value.translate(None, _PRINTABLE)


def folded(name: str) -> str:
    """`name` as a careless upstream may read it: in lower case, and what is no letter or digit being a hyphen.

    CGI and its heirs take `X_Passgate.Company` for `X-Passgate-Company`.
    """
    return _ODD.sub("-", name.lower()).strip("-")


def tokens(values: list[str]) -> list[str]:
    """The comma-separated members of a list field, in lower case, without empty ones."""
    if len(values) == 1 and "," not in values[0]:
        return [values[0].lower()] if values[0] else []
    return [token for value in values for part in value.lower().split(",") if (token := part.strip(" \t"))]
