"""Parts that payloads are built of."""

BODY = b"hello"
SMUGGLED = b"GET /echo/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
OK_CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
OK_WITH_BODY = OK + b"Content-Length: 5\r\n\r\nhello"


def head(*lines: bytes, line: bytes = b"POST /echo HTTP/1.1", host: bytes = b"Host: gateway.example") -> bytes:
    return b"\r\n".join((line, *([host] if host else []), *lines)) + b"\r\n\r\n"


def get(line: bytes = b"GET /echo HTTP/1.1", *lines: bytes) -> bytes:
    return head(*lines, line=line)


def chunked(body: bytes, *lines: bytes) -> bytes:
    return head(b"Transfer-Encoding: chunked", *lines) + body
