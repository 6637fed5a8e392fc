"""The head of a request, as plain values. (The framing suite sends the same and more over a socket.)"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.request import BadRequest, parse_head
from tests.support.cases import each_case
from tests.support.http1.framing_payloads import MALFORMED
from tests.support.http1.framing_payloads.connections import R22_LAST, R22_PERSISTENT
from tests.support.http1.heads import head_of

HEADS = {
    name: payload.partition(b"\r\n\r\n")[0]
    for name, payload in MALFORMED.items()
    if b"\r\n\r\n" in payload and not name.startswith(("R18", "R19"))
}


@each_case("name", HEADS)
def test_a_head_with_two_readings_is_refused(name: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_head(HEADS[name])
    assert 400 <= refusal.value.status < 500


@pytest.mark.parametrize(
    "host", ["a", "a.example", "a.example:8080", "10.0.0.1", "[::1]", "[::1]:80", "a_b.example", "A.EXAMPLE:0"]
)
def test_a_host_may_be_a_name_or_an_address_with_or_without_a_port(host: str) -> None:
    assert head_of(host=host).host == host


@pytest.mark.parametrize(
    ("value", "text"), [("Müller".encode(), "Müller"), ("Müller".encode("latin-1"), None), (b"\xc0\xaf", None)]
)
def test_a_header_value_is_utf8_or_refused(value: bytes, text: str | None) -> None:
    payload = b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: " + value
    if text is None:
        with pytest.raises(BadRequest, match="a header value is not UTF-8"):
            parse_head(payload)
    else:
        assert parse_head(payload).values("user-agent") == [text.encode().decode("latin-1")]


def test_what_a_head_names_is_all_there() -> None:
    head = head_of("Content-Length: 007", "X-A:  b \t", "x-a: c", line="POST /a?b HTTP/1.1")
    assert (head.method, head.target, head.content_length, head.framing.chunked) == ("POST", "/a?b", 7, False)
    assert head.values("x-a") == ["b", "c"]
    assert head.keep_alive


@pytest.mark.parametrize("name", [*R22_PERSISTENT, *R22_LAST])
def test_a_connection_goes_on_when_both_may_want_it(name: str) -> None:
    payload = (R22_PERSISTENT | R22_LAST)[name]
    assert parse_head(payload.removesuffix(b"\r\n\r\n")).keep_alive is (name in R22_PERSISTENT)


def test_http_1_0_waits_for_no_permission_to_send_a_body() -> None:
    of_1_0, of_1_1 = (head_of("Expect: 100-continue", line=f"POST / HTTP/1.{minor}") for minor in (0, 1))
    assert (of_1_0.expects_continue, of_1_1.expects_continue) == (False, True)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_head_or_a_refusal(raw: bytes) -> None:
    for candidate in (raw, b"GET / HTTP/1.1\r\nHost: a\r\n" + raw):
        try:
            parse_head(candidate)
        except BadRequest:
            continue
