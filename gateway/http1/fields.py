"""Header fields: the grammar that is held to in both directions, and the names that mean something here."""

import re
from functools import lru_cache

Fields = tuple[tuple[str, str], ...]
"""Names as they were spelled and values without blanks at their ends, in their order.

Characters are bytes (latin-1), so that encoding them again gives what came.
"""

MAX_FIELDS = 100
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_ODD = re.compile(r"[^a-z0-9]+")

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
"""Never passed on, whether `Connection` names them or not (RFC 9110 section 7.6.1)."""


class MalformedField(ValueError):
    """A line that is no header field; the message says why and repeats nothing of it."""


def parse_fields(lines: list[str]) -> Fields:
    """The fields in `lines`, the parts of a head between its CRLFs (RFC 9112 section 5). Raises `MalformedField`.

    Refused on top of that: folded lines, blanks before the colon, control characters, so also a CR or LF alone.
    """
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or _NAME.fullmatch(name) is None:
            raise MalformedField("a header line has no name that HTTP allows")
        value = value.strip(" \t")
        if _VALUE.fullmatch(value) is None:
            raise MalformedField("a header value holds a control character")
        fields.append((name, value))
    return tuple(fields)


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """`name` as a careless upstream may read it: in lower case, and what is no letter or digit being a hyphen.

    CGI and its heirs take `X_Passgate.Company` for `X-Passgate-Company`.
    """
    return _ODD.sub("-", name.lower()).strip("-")


def tokens(values: list[str]) -> list[str]:
    """The comma-separated members of a list field, in lower case, without empty ones."""
    return [token for value in values for part in value.lower().split(",") if (token := part.strip(" \t"))]
