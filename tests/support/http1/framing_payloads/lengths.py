"""R10..R14: how a request says where its body ends, and the same of responses."""

from tests.support.http1.framing_payloads.family import Family, ValidRequest, ValidResponse
from tests.support.http1.framing_payloads.messages import (
    BODY,
    CHUNKS,
    OK,
    OK_CHUNKED,
    OK_WITH_BODY,
    SMUGGLED,
    get,
    head,
)

_CHUNKED = b"Transfer-Encoding: chunked"
_POST_1_0 = b"POST /echo HTTP/1.0"


def _coding(value: bytes) -> bytes:
    return head(b"Transfer-Encoding: " + value) + CHUNKS


def _length(value: bytes) -> bytes:
    return head(b"Content-Length: " + value) + BODY


def _ok(*lines: bytes) -> bytes:
    return OK + b"\r\n".join(lines) + b"\r\n\r\n"


R10 = Family(
    "R10",
    refused={
        "a coding, a length": head(_CHUNKED, b"Content-Length: 5") + CHUNKS,
        "a length, a coding": head(b"Content-Length: 5", _CHUNKED) + CHUNKS,
        "a length of 0": head(b"Content-Length: 0", _CHUNKED) + CHUNKS,
        "the length of the chunks": head(b"Content-Length: 15", _CHUNKED) + CHUNKS,
        "in other cases": head(b"CONTENT-LENGTH: 5", b"transfer-encoding: chunked") + CHUNKS,
        "named by Connection": head(b"Connection: content-length", b"Content-Length: 5", _CHUNKED) + CHUNKS,
    },
    bad_responses={
        "a length and chunks": _ok(_CHUNKED, b"Content-Length: 5") + b"0\r\n\r\n",
        "a length of 0 and chunks": _ok(b"Content-Length: 0", _CHUNKED) + CHUNKS,
    },
)

R11 = Family(
    "R11",
    refused={
        "chunks": head(_CHUNKED, line=_POST_1_0) + CHUNKS,
        "chunks, kept alive": head(_CHUNKED, b"Connection: keep-alive", line=_POST_1_0) + CHUNKS,
        "chunks and a length": head(_CHUNKED, b"Content-Length: 5", line=_POST_1_0) + BODY,
        "identity": head(b"Transfer-Encoding: identity", line=_POST_1_0) + BODY,
    },
    bad_responses={"chunks": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
)

R12 = Family(
    "R12",
    refused={
        "twice": head(_CHUNKED, _CHUNKED) + CHUNKS,
        "and identity": head(_CHUNKED, b"Transfer-Encoding: identity") + CHUNKS,
        "twice, in a list": _coding(b"chunked, chunked"),
        "gzip before": _coding(b"gzip, chunked"),
        "identity after": _coding(b"chunked, identity"),
        "identity": head(b"Transfer-Encoding: identity") + BODY,
        "gzip": head(b"Transfer-Encoding: gzip") + BODY,
        "empty": head(b"Transfer-Encoding:") + CHUNKS,
        "a comma before": _coding(b",chunked"),
        "a comma after": _coding(b"chunked,"),
        "with a parameter": _coding(b"chunked;q=1"),
        "quoted": _coding(b'"chunked"'),
        "misspelled": _coding(b"xchunked"),
        "cut short": _coding(b"chunke"),
        "with a vertical tab": _coding(b"\x0bchunked"),
        "with a form feed after": _coding(b"chunked\x0c"),
        "in other letters": _coding("\u217dhunked".encode()),
        "with a letter that folds to k": _coding("chun\u212aed".encode()),
        "with a no-break space": _coding(b"\xc2\xa0chunked"),
    },
    forwarded={
        "chunked": ValidRequest(_coding(b"chunked"), BODY),
        "in capitals": ValidRequest(head(b"TRANSFER-ENCODING: CHUNKED") + CHUNKS, BODY),
        "in blanks": ValidRequest(_coding(b" \tchunked\t "), BODY),
    },
    bad_responses={
        "gzip and chunks": _ok(b"Transfer-Encoding: gzip, chunked") + CHUNKS,
        "chunks twice": _ok(_CHUNKED, _CHUNKED) + b"0\r\n\r\n",
        "identity": _ok(b"Transfer-Encoding: identity") + BODY,
        "empty": _ok(b"Transfer-Encoding:") + CHUNKS,
    },
    responses={"chunks": ValidResponse(OK_CHUNKED + b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", BODY)},
)

R13 = Family(
    "R13",
    refused={
        "twice, alike": head(b"Content-Length: 5", b"Content-Length: 5") + BODY,
        "twice, different": head(b"Content-Length: 5", b"Content-Length: 0") + BODY,
        "twice, in other cases": head(b"Content-Length: 5", b"CONTENT-LENGTH: 6") + BODY,
        "a list of equals": _length(b"5, 5"),
        "a list": _length(b"0, 5"),
        "a comma after": _length(b"5,"),
        "with a plus": _length(b"+5"),
        "negative": _length(b"-5"),
        "minus zero": head(b"Content-Length: -0"),
        "hexadecimal": _length(b"0x5"),
        "with an underscore": _length(b"1_0"),
        "with a point": _length(b"5.0"),
        "with an exponent": _length(b"5e0"),
        "empty": head(b"Content-Length:") + BODY,
        "blank inside": _length(b"5 5"),
        "quoted": _length(b'"5"'),
        "with a parameter": _length(b"5;a=b"),
        "of 20 digits": _length(b"18446744073709551621"),
        "of 16 digits": _length(b"1000000000000000"),
        "of 400 digits": _length(b"9" * 400),
        "in other digits": _length("\u0665".encode()),
        "in a raised digit": _length("\u00b2".encode()),
        "with a vertical tab": _length(b"\x0b5"),
        "with a form feed": _length(b"5\x0c"),
    },
    forwarded={
        "a length": ValidRequest(_length(b"5"), BODY),
        "of 0": ValidRequest(head(b"Content-Length: 0"), b""),
        "with zeros before": ValidRequest(_length(b"0005"), BODY),
        "in blanks": ValidRequest(head(b"Content-Length:  \t 5 \t") + BODY, BODY),
        "of a GET": ValidRequest(get(b"GET /echo HTTP/1.1", b"Content-Length: 5") + BODY, BODY),
        "in HTTP/1.0": ValidRequest(head(b"Content-Length: 5", line=_POST_1_0) + BODY, BODY),
        "of a request": ValidRequest(head(b"Content-Length: %d" % len(SMUGGLED)) + SMUGGLED, SMUGGLED),
    },
    bad_responses={
        "two, alike": _ok(b"Content-Length: 5", b"Content-Length: 5") + BODY,
        "two, different": _ok(b"Content-Length: 3", b"Content-Length: 5") + BODY,
        "a list": _ok(b"Content-Length: 5, 5") + BODY,
        "negative": _ok(b"Content-Length: -5") + BODY,
        "with a plus": _ok(b"Content-Length: +5") + BODY,
        "empty": _ok(b"Content-Length:") + BODY,
        "huge": _ok(b"Content-Length: " + b"9" * 30) + BODY,
    },
    responses={
        "a length": ValidResponse(OK_WITH_BODY, BODY),
        "of 0": ValidResponse(_ok(b"Content-Length: 0"), b""),
        "with zeros before": ValidResponse(_ok(b"Content-Length: 0005") + BODY, BODY),
    },
)

R14 = Family(
    "R14",
    forwarded={
        "POST": ValidRequest(head(), b""),
        "PUT in HTTP/1.0": ValidRequest(head(line=b"PUT /echo HTTP/1.0"), b""),
        "DELETE": ValidRequest(head(line=b"DELETE /echo HTTP/1.1"), b""),
        "POST with the type of a body": ValidRequest(head(b"Content-Type: application/json"), b""),
    },
)
