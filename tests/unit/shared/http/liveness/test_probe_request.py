"""What counts as a plain request for liveness: all else is for the application, which has a parser."""

import pytest

from shared.http.liveness.probe_request import probe_in, response_to

HOST = b"Host: gateway:8081\r\n"
GET = b"GET /health/live HTTP/1.1\r\n" + HOST


@pytest.mark.parametrize(
    ("fields", "closes", "request_id"),
    [
        (b"", False, None),
        (b"User-Agent: kube-probe/1.30\r\nAccept: */*\r\n", False, None),
        (b"Connection: close\r\n", True, None),
        (b"connection:Close\r\nX-Request-ID: 0123-abcd\r\n", True, "0123-abcd"),
    ],
)
def test_a_plain_request_is_recognized(fields: bytes, closes: bool, request_id: str | None) -> None:
    data = GET + fields + b"\r\n"
    probe = probe_in(data + b"GET /metrics HTTP/1.1\r\n")
    assert probe is not None
    assert (probe.length, probe.head_only, probe.closes, probe.request_id) == (len(data), False, closes, request_id)
    head = probe_in(b"HEAD" + data[3:])
    assert head is not None
    assert head.head_only


@pytest.mark.parametrize(
    "data",
    [
        b"",
        GET,
        GET + b"\r",
        GET.replace(b"live", b"ready") + b"\r\n",
        GET.replace(b"live", b"live?x=1") + b"\r\n",
        GET.replace(b"GET", b"POST") + b"\r\n",
        GET.replace(b"1.1", b"1.0") + b"\r\n",
        GET.replace(b"\r\n", b"\n") + b"\n",
        GET.replace(HOST, b"") + b"\r\n",
        GET + HOST + b"\r\n",
        GET + b"Content-Length: 3\r\n\r\nabc",
        GET + b"transfer-encoding: chunked\r\n\r\n",
        GET + b"Expect: 100-continue\r\n\r\n",
        GET + b"Upgrade: h2c\r\n\r\n",
        GET + b"Passgate-Time: ?\r\n\r\n",
        GET + b"Folded: a\r\n b\r\n\r\n",
        GET + b"Spaced : a\r\n\r\n",
        GET + b"Nul: \x00\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_all_else_is_for_the_application(data: bytes) -> None:
    assert probe_in(data) is None


def test_the_response_has_the_status_and_the_request_id_and_says_that_it_closes() -> None:
    probe = probe_in(GET + b"X-Request-Id: abcd-1234\r\nConnection: close\r\n\r\n")
    assert probe is not None
    response = response_to(probe, lambda: (503, {"status": "failing"}), "Fri, 27 Nov 2026 13:00:00 GMT")
    head, _, body = response.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 503 Service Unavailable"
    assert {b"X-Request-Id: abcd-1234", b"Connection: close", b"Content-Length: 20"} <= set(lines)
    assert body == b'{"status":"failing"}'
    head_only = response_to(probe._replace(head_only=True), lambda: (503, {"status": "failing"}), "now")
    assert head_only.endswith(b"\r\n\r\n")
    assert b"Content-Length: 20" in head_only
