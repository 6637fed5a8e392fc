"""R15..R17 and R21: responses without a body, before the final one, until the end, and what follows one."""

from tests.support.http1.framing_payloads.family import Family, ValidRequest, ValidResponse
from tests.support.http1.framing_payloads.messages import (
    BODY,
    CHUNKS,
    OK,
    OK_CHUNKED,
    OK_WITH_BODY,
    get,
    head,
)

_EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
_NO_CONTENT = b"HTTP/1.1 204 No Content\r\n"
_NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\n"

R15 = Family(
    "R15",
    bad_responses={
        "204 with a length": _NO_CONTENT + b"Content-Length: 5\r\n\r\nhello",
        "204 with a length, without a body": _NO_CONTENT + b"Content-Length: 5\r\n\r\n",
        "204 with a coding, without a body": _NO_CONTENT + b"Transfer-Encoding: chunked\r\n\r\n",
        "204 with chunks": _NO_CONTENT + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS,
        "204 with more after it": _NO_CONTENT + b"\r\nhello",
        "304 with more after it": _NOT_MODIFIED + b"\r\nhello",
        "304 with the body of its length": _NOT_MODIFIED + b"Content-Length: 5\r\n\r\nhello",
    },
    responses={
        "204": ValidResponse(_NO_CONTENT + b"\r\n", b""),
        "204 with a length of 0": ValidResponse(_NO_CONTENT + b"Content-Length: 0\r\n\r\n", b""),
        "304": ValidResponse(_NOT_MODIFIED + b"\r\n", b""),
        "304 with a length": ValidResponse(_NOT_MODIFIED + b"Content-Length: 5\r\n\r\n", b""),
        "304 with a coding": ValidResponse(_NOT_MODIFIED + b"Transfer-Encoding: chunked\r\n\r\n", b""),
        "to HEAD, with a length": ValidResponse(OK + b"Content-Length: 5\r\n\r\n", b"", "HEAD"),
        "to HEAD, with a coding": ValidResponse(OK_CHUNKED, b"", "HEAD"),
        "to HEAD, with neither": ValidResponse(OK + b"\r\n", b"", "HEAD"),
    },
)
BAD_RESPONSES_TO_HEAD = {
    "the body of its length": OK_WITH_BODY,
    "chunks": OK_CHUNKED + CHUNKS,
    "a body without a length": OK + b"\r\nhello",
}

R16 = Family(
    "R16",
    forwarded={
        "an upgrade that is not allowed": ValidRequest(
            get(b"GET /echo HTTP/1.1", b"Connection: Upgrade", b"Upgrade: websocket"), b""
        ),
        "an upgrade beside a body": ValidRequest(
            head(b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: 5") + BODY, BODY
        ),
    },
    bad_responses={
        "101 that nobody requested": b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nhello",
        "101 and a response": b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n" + OK_WITH_BODY,
        "101 after another": _EARLY_HINTS + b"HTTP/1.1 101 X\r\n\r\n",
        "103 of HTTP/1.0": b"HTTP/1.0 103 Early Hints\r\n\r\n" + OK_WITH_BODY,
        "100 of HTTP/1.0": b"HTTP/1.0 100 Continue\r\n\r\n" + OK_WITH_BODY,
        "a hundred": _EARLY_HINTS * 100 + OK_WITH_BODY,
        "one more than the bound": _EARLY_HINTS * 9 + OK_WITH_BODY,
        "with a body": b"HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhello" + OK_WITH_BODY,
        "with a length of 0": b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n" + OK_WITH_BODY,
        "with chunks": b"HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS + OK_WITH_BODY,
        "an empty line after": b"HTTP/1.1 100 Continue\r\n\r\n\r\n" + OK_WITH_BODY,
    },
    responses={
        "103": ValidResponse(_EARLY_HINTS + OK_WITH_BODY, BODY),
        "100": ValidResponse(b"HTTP/1.1 100 Continue\r\n\r\n" + OK_WITH_BODY, BODY),
        "102 and 103": ValidResponse(b"HTTP/1.1 102 Processing\r\n\r\n" + _EARLY_HINTS + OK_WITH_BODY, BODY),
        "as many as the bound": ValidResponse(_EARLY_HINTS * 8 + OK_WITH_BODY, BODY),
        "100 to HEAD": ValidResponse(b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"\r\n", b"", "HEAD"),
    },
)

R17 = Family(
    "R17",
    responses={
        "a body": ValidResponse(OK + b"\r\nhello", BODY),
        "no byte of a body": ValidResponse(OK + b"\r\n", b""),
        "HTTP/1.0": ValidResponse(b"HTTP/1.0 200 OK\r\n\r\nhello", BODY),
        "an error": ValidResponse(b"HTTP/1.1 500 Internal Server Error\r\n\r\nhello", BODY),
        "what looks like another response": ValidResponse(OK + b"\r\n" + OK_WITH_BODY, OK_WITH_BODY),
        "what looks like chunks": ValidResponse(OK + b"\r\n" + CHUNKS, CHUNKS),
        "kept alive in vain": ValidResponse(OK + b"Connection: keep-alive\r\n\r\nhello", BODY),
    },
)

R21 = Family(
    "R21",
    bad_responses={
        "more than the length": OK_WITH_BODY + b"more",
        "more than a length of 0": OK + b"Content-Length: 0\r\n\r\nmore",
        "an empty line": OK_WITH_BODY + b"\r\n",
        "a second response": OK_WITH_BODY + OK_WITH_BODY,
        "a second response after chunks": OK_CHUNKED + CHUNKS + OK_WITH_BODY,
        "a second response after no content": _NO_CONTENT + b"\r\n" + OK_WITH_BODY,
        "an interim response": OK_WITH_BODY + _EARLY_HINTS,
    },
)
