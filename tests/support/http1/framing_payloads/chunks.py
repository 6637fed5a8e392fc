"""R18, R19: the chunks of a body, and its trailer."""

from tests.support.http1.framing_payloads.family import Family, ValidRequest, ValidResponse
from tests.support.http1.framing_payloads.messages import BODY, CHUNKS, OK_CHUNKED, SMUGGLED, chunked

_LAST = b"5\r\nhello\r\n0\r\n"


def _sized(size: bytes) -> bytes:
    return chunked(size + b"\r\nhello\r\n0\r\n\r\n")


R18 = Family(
    "R18",
    refused={
        "no size": _sized(b""),
        "a size that is no number": _sized(b"z"),
        "a size with 0x": _sized(b"0x5"),
        "a size with an h": _sized(b"5h"),
        "a negative size": _sized(b"-5"),
        "a size with a plus": _sized(b"+5"),
        "a size with an underscore": _sized(b"0_5"),
        "a size with a point": _sized(b"5.0"),
        "a size of 17 digits": _sized(b"10000000000000005"),
        "a size of 33 bits": _sized(b"100000005"),
        "a size of 64 bits": _sized(b"FFFFFFFFFFFFFFFF"),
        "a size of many zeros": _sized(b"0" * 40 + b"5"),
        "a size in other digits": _sized("\u0665".encode()),
        "blank before the size": _sized(b" 5"),
        "blank after the size": _sized(b"5 "),
        "tab after the size": _sized(b"5\t"),
        "blank before an extension": _sized(b"5 ;a=b"),
        "an extension by a comma": _sized(b"5,a=b"),
        "LF after the size": chunked(b"5\nhello\r\n0\r\n\r\n"),
        "CR after the size": chunked(b"5\rhello\r\n0\r\n\r\n"),
        "CR CR LF after the size": chunked(b"5\r\r\nhello\r\n0\r\n\r\n"),
        "LF before the CRLF after the size": chunked(b"5\n\r\nhello\r\n0\r\n\r\n"),
        "LF in an extension": _sized(b"5;a\nb"),
        "CR in an extension": _sized(b"5;a\rb"),
        "NUL in an extension": _sized(b"5;a\0b"),
        "DEL in an extension": _sized(b"5;a\x7fb"),
        "a quoted LF in an extension": _sized(b'5;a="\n"'),
        "extensions of 64 kB": _sized(b"5;" + b"a" * 65536),
        "many small extensions": chunked(b"1;abcdefghi\r\nx\r\n" * 200 + b"0\r\n\r\n"),
        "content longer than its size": chunked(b"5\r\nhello!\r\n0\r\n\r\n"),
        "content shorter than its size": chunked(b"6\r\nhello\r\n0\r\n\r\n"),
        "LF after the content": chunked(b"5\r\nhello\n0\r\n\r\n"),
        "CR after the content": chunked(b"5\r\nhello\r0\r\n\r\n"),
        "nothing after the content": chunked(b"5\r\nhello0\r\n\r\n"),
        "two bytes for the CRLF": chunked(b"5\r\nhelloXX0\r\n\r\n"),
        "two CRLF after the content": chunked(b"5\r\nhello\r\n\r\n0\r\n\r\n"),
        "LF after the last chunk": chunked(b"5\r\nhello\r\n0\n\n"),
    },
    forwarded={
        "chunks": ValidRequest(chunked(CHUNKS), BODY),
        "an extension": ValidRequest(chunked(b"5;a=b\r\nhello\r\n0;c\r\n\r\n"), BODY),
        "a quoted extension": ValidRequest(chunked(b'5;a="b;c"\r\nhello\r\n0\r\n\r\n'), BODY),
        "zeros before a size": ValidRequest(chunked(b"005\r\nhello\r\n000\r\n\r\n"), BODY),
        "a size in capitals": ValidRequest(chunked(b"A\r\nhellohello\r\n0\r\n\r\n"), BODY * 2),
        "no chunk but the last": ValidRequest(chunked(b"0\r\n\r\n"), b""),
        "content that looks like a chunk": ValidRequest(chunked(b"5\r\n0\r\n\r\n\r\n0\r\n\r\n"), b"0\r\n\r\n"),
        "content of CR and LF": ValidRequest(chunked(b"4\r\n\r\n\r\n\r\n0\r\n\r\n"), b"\r\n\r\n"),
    },
    bad_responses={
        "a size that is no number": OK_CHUNKED + b"xyz\r\nhello\r\n0\r\n\r\n",
        "LF after a size": OK_CHUNKED + b"5\nhello\r\n0\r\n\r\n",
        "content longer than its size": OK_CHUNKED + b"4\r\nhello\r\n0\r\n\r\n",
        "extensions of 64 kB": OK_CHUNKED + b"5;" + b"a" * 65536 + b"\r\nhello\r\n0\r\n\r\n",
    },
    responses={"an extension": ValidResponse(OK_CHUNKED + b"5;x=y\r\nhello\r\n0\r\n\r\n", BODY)},
)

R19 = Family(
    "R19",
    refused={
        "LF at the end": chunked(_LAST + b"\n"),
        "CR at the end": chunked(_LAST + b"\r\r\n"),
        "an LF after a field": chunked(_LAST + b"X: y\n\r\n"),
        "an LF in a field": chunked(_LAST + b"X: y\nZ: y\r\n\r\n"),
        "a CR in a field": chunked(_LAST + b"X: y\rZ: y\r\n\r\n"),
        "a NUL in a field": chunked(_LAST + b"X: \0\r\n\r\n"),
        "no name": chunked(_LAST + b": y\r\n\r\n"),
        "no colon": chunked(_LAST + b"nothing\r\n\r\n"),
        "a blank before the colon": chunked(_LAST + b"X : y\r\n\r\n"),
        "a folded field": chunked(_LAST + b"X: y\r\n z\r\n\r\n"),
        "a folded first field": chunked(_LAST + b" X: y\r\n\r\n"),
        "a request": chunked(_LAST + SMUGGLED),
        "a chunk after the last": chunked(_LAST + CHUNKS),
        "9 kB": chunked(_LAST + b"".join(b"X-%d: %b\r\n" % (n, b"y" * 1000) for n in range(9)) + b"\r\n"),
        "101 fields": chunked(_LAST + b"X: y\r\n" * 101 + b"\r\n"),
    },
    forwarded={
        "one field": ValidRequest(chunked(_LAST + b"X: y\r\n\r\n"), BODY),
        "a length, which means nothing": ValidRequest(chunked(_LAST + b"Content-Length: 99\r\nX: y\r\n\r\n"), BODY),
        "a coding, which means nothing": ValidRequest(
            chunked(b"0\r\nTransfer-Encoding: chunked\r\nHost: elsewhere.example\r\n\r\n"), b""
        ),
    },
    bad_responses={
        "a NUL in a field": OK_CHUNKED + _LAST + b"X: \0\r\n\r\n",
        "a response": OK_CHUNKED + _LAST + OK_CHUNKED,
    },
    responses={"a field": ValidResponse(OK_CHUNKED + _LAST + b"X: y\r\n\r\n", BODY)},
)
