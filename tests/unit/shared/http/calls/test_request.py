"""A request is one run of bytes that has one reading only."""

import pytest

from shared.http.calls.request import rendered


def test_head_and_body_are_one_piece() -> None:
    assert rendered("POST", "/x?y=%20", "h:1", {"A": "b"}, b"{}") == (
        b"POST /x?y=%20 HTTP/1.1\r\nHost: h:1\r\nA: b\r\nContent-Length: 2\r\n\r\n{}"
    )


@pytest.mark.parametrize(("method", "body"), [("POST", None), ("PUT", None), ("PATCH", None), ("DELETE", b"")])
def test_a_request_that_may_have_a_body_says_that_it_has_none(method: str, body: bytes | None) -> None:
    assert rendered(method, "/", "h", {}, body).endswith(b"\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_one_without_a_body_states_no_length(method: str) -> None:
    assert b"Content-Length" not in rendered(method, "/", "h", {}, None)


@pytest.mark.parametrize("text", ["a\r\nX: y", "a\nX: y", "a\rX", "a\0"])
def test_no_field_becomes_two(text: str) -> None:
    for fields in ({"A": text}, {text: "a"}):
        with pytest.raises(ValueError, match="line break") as raised:
            rendered("GET", "/", "h", fields, None)
        assert text not in str(raised.value)


PRINTABLE = "/" + "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "#")


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        (PRINTABLE, PRINTABLE),
        (f"{PRINTABLE} ", f"{PRINTABLE}%20"),
        ("/a b", "/a%20b"),
        ("/a HTTP/1.1\r\nX: y", "/a%20HTTP/1.1%0D%0AX:%20y"),
        ("/a\n", "/a%0A"),
        ("/a\0\t", "/a%00%09"),
        ("/a#b", "/a%23b"),
        ("/a%20b\u00e9", "/a%20b%C3%A9"),
        ("/a\ud800", "/a"),
        ("/\x7f", "/%7F"),
    ],
)
def test_a_target_is_one_word_of_the_request(target: str, sent: str) -> None:
    assert rendered("GET", target, "h", {}, None) == f"GET {sent} HTTP/1.1\r\nHost: h\r\n\r\n".encode()


@pytest.mark.parametrize("target", ["", "x", "*", "http://h/"])
def test_a_target_that_is_no_path_is_not_sent(target: str) -> None:
    with pytest.raises(ValueError, match="target"):
        rendered("GET", target, "h", {}, None)


@pytest.mark.parametrize("method", ["", "get", "HEAD", "CONNECT", "GET /x", "GET\r\n"])
def test_a_method_whose_response_would_be_read_otherwise_is_not_sent(method: str) -> None:
    with pytest.raises(ValueError, match="method"):
        rendered(method, "/", "h", {}, None)


def test_text_is_utf_8_and_what_is_no_character_is_left_out() -> None:
    assert b"A: \xc3\xa9-\r\n" in rendered("GET", "/", "h", {"A": "\u00e9\udcff-"}, None)
