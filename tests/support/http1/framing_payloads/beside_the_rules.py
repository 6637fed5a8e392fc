"""What is refused for its size, for coming twice, or for its target, and would be framed in one way only."""

from tests.support.http1.framing_payloads.family import Family
from tests.support.http1.framing_payloads.messages import OK, OK_WITH_BODY, get

_GET = b"GET /echo HTTP/1.1"
_LENGTH = b"Content-Length: 5\r\n\r\nhello"

LIMITS = Family(
    "limits",
    refused={
        "101 fields": get(_GET, *(b"X-%d: y" % n for n in range(100))),
        "17 kB of fields": get(_GET, *(b"X-%d: " % n + b"y" * 1000 for n in range(17))),
        "one field of 100 kB": get(_GET, b"X: " + b"y" * 100_000),
        "fields without an end": b"GET /echo HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 20_000,
        "a target of 9 kB": get(b"GET /echo/" + b"a" * 9000 + b" HTTP/1.1"),
        "a line without an end": b"GET /echo/" + b"a" * 100_000,
    },
    bad_responses={
        "a header of 1 MB": OK + b"X: " + b"y" * 1_000_000 + b"\r\n" + _LENGTH,
        "1 MB of headers": OK + b"X: yyyyyyyyyyyyy\r\n" * 60_000 + _LENGTH,
        "1 MB without an end": OK + b"y" * 1_000_000,
        "300 fields": OK + b"X: y\r\n" * 300 + OK_WITH_BODY,
    },
)
REPEATED = Family("repeated", refused={"two Authorization": get(_GET, b"Authorization: a", b"Authorization: b")})
TARGETS = Family(
    "target",
    refused={
        "a fragment": get(b"GET /echo#x HTTP/1.1"),
        "without a scheme": get(b"GET //elsewhere.example/echo HTTP/1.1"),
    },
)
"""Heads that are valid; `gateway.routing.target` refuses what they name."""
