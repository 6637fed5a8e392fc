"""R20, R22, R23: what a message says about its connection, and what is for the next hop alone."""

from tests.support.http1.framing_payloads.family import Family, ValidRequest, ValidResponse
from tests.support.http1.framing_payloads.messages import (
    BODY,
    CHUNKS,
    OK,
    OK_CHUNKED,
    OK_WITH_BODY,
    chunked,
    get,
    head,
)

_GET = b"GET /echo HTTP/1.1"
_GET_1_0 = b"GET /echo HTTP/1.0"

R20 = Family(
    "R20",
    refused={
        "another expectation": get(_GET, b"Expect: a-miracle"),
        "two in a list": head(b"Content-Length: 5", b"Expect: 100-continue, a-miracle") + BODY,
        "twice": head(b"Content-Length: 5", b"Expect: 100-continue", b"Expect: 100-continue") + BODY,
        "with a parameter": head(b"Content-Length: 5", b"Expect: 100-continue;q=1") + BODY,
        "empty": get(_GET, b"Expect:"),
    },
    forwarded={
        "of 100": ValidRequest(head(b"Content-Length: 5", b"Expect: 100-continue") + BODY, BODY),
        "of 100, in capitals": ValidRequest(head(b"Content-Length: 5", b"EXPECT: 100-CONTINUE") + BODY, BODY),
        "of 100, chunks": ValidRequest(chunked(CHUNKS, b"Expect: 100-continue"), BODY),
        "of 100, in HTTP/1.0": ValidRequest(
            head(b"Content-Length: 5", b"Expect: 100-continue", line=b"POST /echo HTTP/1.0") + BODY, BODY
        ),
    },
)

R22_PERSISTENT = {
    "HTTP/1.1": get(),
    "HTTP/1.1, kept alive": get(_GET, b"Connection: keep-alive"),
    "a name that contains close": get(_GET, b"Connection: close-not"),
    "offers another protocol": get(_GET, b"Connection: upgrade", b"Upgrade: h2c"),
    "offers what begins like a WebSocket": get(_GET, b"Connection: upgrade", b"Upgrade: websockets, web-socket"),
}
R22_LAST = {
    "close": get(_GET, b"Connection: close"),
    "close, in capitals": get(_GET, b"CONNECTION: CLOSE"),
    "close in a list": get(_GET, b"Connection: x, close"),
    "close and keep-alive": get(_GET, b"Connection: close, keep-alive"),
    "close in a list with empty members": get(_GET, b"Connection: ,, \tclose\t,"),
    "close in a second field": get(_GET, b"Connection: keep-alive", b"Connection: close"),
    "offers a WebSocket": get(_GET, b"Connection: keep-alive, Upgrade", b"Upgrade: websocket"),
    "offers a WebSocket, in capitals": get(_GET, b"CONNECTION: UPGRADE", b"UPGRADE: WEBSOCKET"),
    "offers a WebSocket in a list": get(_GET, b"Connection: upgrade", b"Upgrade: h2c, websocket"),
    "offers a WebSocket in a second field": get(_GET, b"Upgrade: h2c", b"Upgrade: websocket"),
    "HTTP/1.0": get(_GET_1_0),
    "HTTP/1.0, kept alive": get(_GET_1_0, b"Connection: keep-alive"),
}
R22_REUSABLE_RESPONSES = {
    "HTTP/1.1": OK_WITH_BODY,
    "chunks": OK_CHUNKED + CHUNKS,
}
R22_LAST_RESPONSES = {
    "close": OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello",
    "close in a list": OK + b"Connection: x, CLOSE\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.0, kept alive": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
}
R22 = Family(
    "R22",
    forwarded={name: ValidRequest(raw, b"") for name, raw in (R22_PERSISTENT | R22_LAST).items()},
    responses={
        name: ValidResponse(raw, BODY) for name, raw in (R22_REUSABLE_RESPONSES | R22_LAST_RESPONSES).items()
    },
)

R23 = Family(
    "R23",
    forwarded={
        "hop-by-hop fields": ValidRequest(
            get(
                _GET,
                b"Connection: keep-alive, Upgrade, HTTP2-Settings, x-gone",
                b"Upgrade: h2c",
                b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
                b"Keep-Alive: timeout=5",
                b"TE: trailers",
                b"Trailer: X",
                b"Proxy-Connection: keep-alive",
                b"Proxy-Authorization: Basic eDp5",
                b"X-Gone: y",
            ),
            b"",
        ),
        "named in a second field": ValidRequest(
            get(_GET, b"Connection: keep-alive", b"Connection: X-Gone", b"X-Gone: y", b"X-GONE: z"), b""
        ),
        "what frames, named": ValidRequest(
            head(b"Connection: content-length, host, x-gone", b"Content-Length: 5", b"X-Gone: y") + BODY, BODY
        ),
        "a coding, named": ValidRequest(chunked(CHUNKS, b"Connection: transfer-encoding"), BODY),
    },
    responses={
        "hop-by-hop fields": ValidResponse(
            OK + b"Connection: X-Gone\r\nX-Gone: y\r\nKeep-Alive: timeout=5\r\nContent-Length: 5\r\n\r\nhello", BODY
        ),
        "a length, named": ValidResponse(
            OK + b"Connection: content-length\r\nContent-Length: 5\r\n\r\nhello", BODY
        ),
    },
)
