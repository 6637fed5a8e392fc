"""The beginnings of responses for the suites that put one together."""

HEAD = b"HTTP/1.1 200 OK\r\n"
BODY = b"Content-Length: 5\r\n\r\nhello"
