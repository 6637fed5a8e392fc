"""R6..R9: the host, the names of fields, folded lines, and names that read like others."""

from tests.support.http1.framing_payloads.family import Family, ValidRequest
from tests.support.http1.framing_payloads.messages import BODY, CHUNKS, OK, get, head

GET = b"GET /echo HTTP/1.1"


def _to(host: bytes) -> bytes:
    return head(line=GET, host=b"Host: " + host)


R6 = Family(
    "R6",
    refused={
        "none": head(line=GET, host=b""),
        "two": get(GET, b"Host: other.example"),
        "two alike": get(GET, b"Host: gateway.example"),
        "two in other cases": get(GET, b"HOST: gateway.example"),
        "two in HTTP/1.0": get(b"GET /echo HTTP/1.0", b"Host: other.example"),
        "empty": head(line=GET, host=b"Host:"),
        "a list": _to(b"a.example, b.example"),
        "two names": _to(b"a.example b.example"),
        "a user": _to(b"user@a.example"),
        "a user and a password": _to(b"u:p@a.example:80"),
        "a path": _to(b"a.example/x"),
        "a query": _to(b"a.example?x"),
        "a fragment": _to(b"a.example#x"),
        "a backslash": _to(b"a.example\\x"),
        "a scheme": _to(b"http://a.example"),
        "a port that is no number": _to(b"a.example:http"),
        "a port too high": _to(b"a.example:65536"),
        "an empty port": _to(b"a.example:"),
        "two ports": _to(b"a.example:80:80"),
        "a port alone": _to(b":80"),
        "an open bracket": _to(b"[::1"),
        "no IPv6 in brackets": _to(b"[::g]"),
        "IPv6 without brackets": _to(b"::1"),
        "quotes": _to(b'"a.example"'),
        "other letters": _to("\u0430.example".encode()),
        "an escape": _to(b"a%2eexample"),
        "of 300 letters": _to(b"a" * 300),
    },
    forwarded={
        "none in HTTP/1.0": ValidRequest(head(line=b"GET /echo HTTP/1.0", host=b""), b""),
        "IPv6": ValidRequest(_to(b"[::1]:8080"), b""),
        "IPv4": ValidRequest(_to(b"10.0.0.1:8080"), b""),
        "a name with a port": ValidRequest(_to(b"gateway.example:8080"), b""),
    },
)

R7 = Family(
    "R7",
    refused={
        "blank before the colon of Host": head(line=GET, host=b"Host : a.example"),
        "blank before the colon of a length": head(b"Content-Length : 5") + BODY,
        "tab before the colon of a length": head(b"Content-Length\t: 5") + BODY,
        "blank before the colon of a coding": head(b"Transfer-Encoding : chunked") + CHUNKS,
        "tab before the colon of a coding": head(b"Transfer-Encoding\t: chunked") + CHUNKS,
        "blank before a colon": get(GET, b"X : y"),
        "no colon": get(GET, b"nothing"),
        "no name": get(GET, b": value"),
        "a blank in a name": get(GET, b"X Y: value"),
        "a bracket in a name": get(GET, b"X(Y): value"),
        "a slash in a name": get(GET, b"X/Y: value"),
        "a quote in a name": get(GET, b'"X": value'),
        "a byte over 127 in a name": get(GET, b"X\xffY: value"),
        "UTF-8 in a name": get(GET, "\u00e9: value".encode()),
        "a value that is no UTF-8": get(GET, b"X: \xff\xfe"),
        "a control character before a coding": head(b"\x01Transfer-Encoding: chunked", b"Content-Length: 5") + BODY,
        "a control character in a coding": head(b"Transfer\x7f-Encoding: chunked", b"Content-Length: 5") + BODY,
    },
    forwarded={
        "a name of odd characters": ValidRequest(get(GET, b"!#$%&'*+.^_`|~: y"), b""),
        "a colon in a value": ValidRequest(get(GET, b"X: :y: z"), b""),
        "no blank after a colon": ValidRequest(get(GET, b"X:y"), b""),
    },
    bad_responses={
        "blank before a colon": OK + b"Content-Length : 5\r\n\r\nhello",
        "no colon": OK + b"nothing\r\nContent-Length: 5\r\n\r\nhello",
        "no name": OK + b": y\r\nContent-Length: 5\r\n\r\nhello",
    },
)

R8 = Family(
    "R8",
    refused={
        "a length": head(b"Content-Length:\r\n 5") + BODY,
        "a coding": head(b"Transfer-Encoding:\r\n chunked") + CHUNKS,
        "a coding, by a tab": head(b"Transfer-Encoding:\r\n\tchunked") + CHUNKS,
        "a coding in a folded line": head(b"X: y\r\n Transfer-Encoding: chunked", b"Content-Length: 5") + BODY,
        "a host": _to(b"a.example\r\n b.example"),
        "another value": get(GET, b"X: a\r\n b"),
        "another value, by a tab": get(GET, b"X: a\r\n\tb"),
        "the first field": b"GET /echo HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n",
        "the first field, a length": b"POST /echo HTTP/1.1\r\n Content-Length: 5\r\nHost: a\r\n\r\n" + BODY,
        "a blank line": get(GET, b" "),
        "a blank line with a colon": get(GET, b" : value"),
    },
    bad_responses={
        "a folded field": OK + b"X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello",
        "a folded length": OK + b"Content-Length:\r\n 5\r\n\r\nhello",
        "the first field": OK + b" X: a\r\nContent-Length: 5\r\n\r\nhello",
    },
)

R9 = Family(
    "R9",
    refused={
        "Content_Length": head(b"Content_Length: 5") + BODY,
        "Content.Length": head(b"Content.Length: 5") + BODY,
        "Content--Length": head(b"Content--Length: 5") + BODY,
        "Content-Length_": head(b"Content-Length_: 5") + BODY,
        "Transfer_Encoding": head(b"Transfer_Encoding: chunked") + CHUNKS,
        "Transfer_Encoding, and a length": head(b"Transfer_Encoding: chunked", b"Content-Length: 5") + BODY,
        "Transfer.Encoding, and a coding": head(b"Transfer.Encoding: identity", b"Transfer-Encoding: chunked")
        + CHUNKS,
        "Host_": get(GET, b"Host_: other.example"),
        "_Host alone": head(line=GET, host=b"_Host: gateway.example"),
        "Authorization_": get(GET, b"Authorization: a", b"Authorization_: b"),
        "Content_Type": head(b"Content_Type: text/plain", b"Content-Length: 5") + BODY,
    },
    forwarded={"a name that folds to another one": ValidRequest(get(GET, b"X_Y: z", b"X-Y: z"), b"")},
)
