"""Messages that are nearly valid: payloads with a few bytes inserted, left out or replaced, one after another."""

from hypothesis import strategies as st

from tests.support.http1.framing_payloads import BAD_RESPONSES, FORWARDED, MALFORMED, RESPONSES

LONGEST = 300
TOKENS = (
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\r",
        b"\0",
        b" ",
        b"\t",
        b":",
        b",",
        b";",
        b"\x0b",
        b"\x7f",
        b"\x80",
        b"\xc3\xa9",
    ),
    *(b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: a\r\n"),
    *(b"Authorization: Bearer a\r\n", b"authorization: b\r\n", b"Authorization:", b"Accept: */*\r\n"),
    *(b"Connection: close\r\n", b"Connection: Upgrade\r\n", b"Upgrade: x\r\n", b"Expect: 100-continue\r\n"),
    *(b"chunked", b"identity", b"gzip, ", b"close", b"keep-alive", b"upgrade"),
    *(
        b" HTTP/1.1",
        b" HTTP/1.0",
        b"HTTP/1.1 ",
        b"GET ",
        b"POST ",
        b"HEAD ",
        b"PUT ",
        b"http://a",
        b"/",
        b"?",
        b"#",
    ),
    *(b"HTTP/1.1 100 \r\n\r\n", b"200", b"204", b"304", b"101"),
    *(b"5\r\nhello\r\n", b"0\r\n\r\n", b"0\r\n", b"5;a=b\r\n", b"X: y\r\n", b"X:", b" y", b"_", b"0", b"5", b"a"),
)
"""What a message's reading depends on; a dictionary for the fuzzer too."""

_REQUESTS = [raw for raw in (*MALFORMED.values(), *(raw for raw, _ in FORWARDED.values())) if len(raw) <= LONGEST]
_RESPONSES = [
    raw for raw in (*BAD_RESPONSES.values(), *(raw for raw, _, _ in RESPONSES.values())) if len(raw) <= LONGEST
]
_VALID_REQUESTS = [raw for raw, _ in FORWARDED.values()]
_VALID_RESPONSES = [raw for raw, _, _ in RESPONSES.values()]


@st.composite
def _mutated(draw: st.DrawFn, payloads: st.SearchStrategy[bytes]) -> bytes:
    raw = draw(payloads)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.sampled_from((0, 0, 1, 2, 8))))
        raw = raw[:start] + draw(st.sampled_from((b"", *TOKENS))) + raw[end:]
    return raw


def requests() -> st.SearchStrategy[bytes]:
    """The bytes of a client's connection: one to three messages, each perhaps a valid request."""
    one = _mutated(st.sampled_from(_VALID_REQUESTS) | st.sampled_from(_REQUESTS))
    twice = one.map(lambda raw: raw + with_credential(raw))
    return st.lists(one, min_size=1, max_size=3).map(b"".join) | twice


def with_credential(raw: bytes) -> bytes:
    """The same message with one field more, which is read apart from the others."""
    line, end, rest = raw.partition(b"\r\n")
    return line + end + b"Authorization: Bearer a\r\n" + rest if end else raw


def responses() -> st.SearchStrategy[bytes]:
    """The bytes of an upstream's connection after one request."""
    return _mutated(st.sampled_from(_VALID_RESPONSES) | st.sampled_from(_RESPONSES))


def cuts(bound: int = 400) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(1, bound), max_size=8)
