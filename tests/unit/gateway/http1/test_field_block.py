"""A head whose fields were read before is read as if they had not been."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1 import field_block, request
from gateway.http1.request import BadRequest, parse_head
from tests.support.cases import each_case
from tests.support.http1.framing_payloads import FORWARDED, REFUSED

FIELDS = b"\r\nHost: a.example\r\nAccept: */*\r\nX-A: b"
PLACES = st.sampled_from([0, FIELDS.find(b"\r\nAccept"), FIELDS.find(b"\r\nX-A"), len(FIELDS)])
VALUES = st.one_of(
    st.binary(max_size=40),
    st.text("abc. =\t\r\n\x00\x7f\xe9", max_size=12).map(lambda text: text.encode("latin-1")),
    st.sampled_from([b"Bearer a.b.c", b"", b" ", b" a", b"a ", b"a\r\nHost: b", b"x" * 17000]),
    st.just(b"a\r\nAuthorization: b"),
)
NAMES = st.sampled_from([b"Authorization", b"authorization", b"AUTHORIZATION", b"Authorization_", b"X-Auth"])
LINES = st.sampled_from(
    [
        *(b"GET / HTTP/1.1", b"POST /a HTTP/1.1", b"GET / HTTP/1.0", b"GET /", b"TRACE / HTTP/1.1"),
        b"GET http://a.example/ HTTP/1.1",
    ]
)


def reading(raw: bytes) -> object:
    """Everything that a head says, or why it is refused."""
    try:
        head = parse_head(raw)
    except BadRequest as error:
        return error.status, error.description
    fields = [(field.name, field.value, field.line) for field in head.fields]
    length, chunked = head.framing.length, head.framing.chunked
    return (
        (head.method, head.target, head.minor_version, head.host, fields),
        (length, chunked, head.keep_alive, head.expects_continue, head.first("authorization")),
    )


def cold(raw: bytes) -> object:
    field_block._cache.clear()
    return reading(raw)


@given(LINES, PLACES, NAMES, st.sampled_from([b": ", b":", b":  ", b" : "]), VALUES)
def test_whatever_the_credential_is_the_head_is_read_as_for_the_first_time(
    line: bytes, place: int, name: bytes, colon: bytes, value: bytes
) -> None:
    raw = line + FIELDS[:place] + b"\r\n" + name + colon + value + FIELDS[place:]
    expected = cold(raw)
    field_block._cache.clear()
    parse_head(b"GET /warm HTTP/1.1" + FIELDS)
    assert reading(raw) == expected
    assert reading(raw) == expected


@each_case("name", [*REFUSED, *FORWARDED])
def test_a_head_that_came_before_is_read_as_it_was_then(name: str) -> None:
    payload = REFUSED.get(name) or FORWARDED[name][0]
    raw = payload.partition(b"\r\n\r\n")[0]
    expected = cold(raw)
    assert [reading(raw), reading(raw)] == [expected, expected]


@pytest.mark.parametrize(
    "first", [b"GET / HTTP/1.0", b"GET http://a.example/ HTTP/1.0", b"GET http://a.example/ HTTP/1.1"]
)
@pytest.mark.parametrize("fields", [b"\r\nAccept: */*", FIELDS])
def test_fields_that_were_valid_for_another_line_are_read_anew(first: bytes, fields: bytes) -> None:
    """HTTP/1.0 may name no host, and its connection does not go on."""
    raw = b"GET / HTTP/1.1" + fields
    expected = cold(raw)
    field_block._cache.clear()
    reading(first + fields)
    assert reading(raw) == expected


def test_the_same_fields_are_read_once_and_any_other_byte_is_another_block() -> None:
    field_block._cache.clear()
    first = parse_head(b"GET / HTTP/1.1" + FIELDS + b"\r\nAuthorization: Bearer a")
    again = parse_head(b"PUT /b HTTP/1.1" + FIELDS + b"\r\nAuthorization: Bearer b")
    assert again.block is first.block
    assert again.authorization == "Bearer b"
    assert parse_head(b"GET / HTTP/1.1" + FIELDS.replace(b"X-A", b"x-a")).block is not first.block


@pytest.mark.parametrize(
    "line",
    [
        b"Cookie: a=b",
        b"X-API-TOKEN: t",
        b"X-Api-Token: t\r\nX-Api-Token: t",
        b"X-Api-Token: t\r\nAuthorization: Bearer t",
        b"AUTHORIZATION: Bearer t\r\nX-Api-Token: t",
        b"x-api-key: k",
        b"Proxy-Authorization: x",
        b"X-A: " + b"x" * 1100,
        b"\r\n".join(b"%d: x" % number for number in range(field_block._MAX_CACHED_FIELDS)),
    ],
)
def test_what_may_be_secret_or_is_long_or_has_many_fields_is_not_cached(line: bytes) -> None:
    field_block._cache.clear()
    parse_head(b"GET / HTTP/1.1" + FIELDS + b"\r\n" + line)
    assert field_block._cache == {}


def test_no_line_with_a_query_is_cached() -> None:
    before = request._cached_line.cache_info().currsize
    for _ in range(3):
        parse_head(b"GET /a?apitoken=secret HTTP/1.1" + FIELDS)
    assert request._cached_line.cache_info().currsize == before


def test_nothing_of_a_credential_is_cached() -> None:
    field_block._cache.clear()
    for name in (b"Authorization", b"authorization", b"X-Api-Token", b"x-api-token"):
        parse_head(b"GET / HTTP/1.1" + FIELDS + b"\r\n" + name + b": Bearer secret")
    assert len(field_block._cache) == 1
    assert "secret" not in str([(raw, *block.first.items()) for raw, block in field_block._cache.items()])


@pytest.mark.parametrize("name", ["Authorization", "authorization", "X-Api-Token", "x-api-token"])
def test_the_credential_is_read_as_one_of_the_fields_however_it_is_spelled(name: str) -> None:
    field_block._cache.clear()
    raw = b"GET / HTTP/1.1\r\nHost: a\r\n" + name.encode() + b": secret\r\nAccept: */*"
    for head in (parse_head(raw), parse_head(raw)):
        assert [field.line for field in head.fields] == ["Host: a", f"{name}: secret", "Accept: */*"]
        assert head.first(name.lower()) == "secret"
        assert head.values(name.lower()) == ["secret"]
        assert head.authorization == ("secret" if name.lower() == "authorization" else None)


def test_a_credential_beside_another_is_one_field_among_the_others() -> None:
    for lines in (("Authorization: a", "X-Api-Token: t"), ("X-Api-Token: t", "Authorization: a")):
        raw = "\r\n".join(("GET / HTTP/1.1", "Host: a", *lines)).encode()
        for head in (parse_head(raw), parse_head(raw)):
            assert [field.line for field in head.fields] == ["Host: a", *lines]
            assert (head.authorization, head.values("x-api-token")) == ("a", ["t"])
    several = b"GET / HTTP/1.1\r\nHost: a\r\nX-Api-Token: t\r\nx-api-token: u"
    for head in (parse_head(several), parse_head(several)):
        assert head.values("x-api-token") == ["t", "u"]
        assert head.credential is None


def test_no_more_than_so_many_blocks_are_cached() -> None:
    for number in range(2 * field_block._MAX_CACHED_BLOCKS):
        parse_head(b"GET / HTTP/1.1" + FIELDS + b"\r\nX-B: %d" % number)
    assert len(field_block._cache) <= field_block._MAX_CACHED_BLOCKS


@pytest.mark.parametrize("name", [b"traceparent", b"X-Amzn-Trace-Id", b"X-Request-Id"])
def test_a_head_with_a_field_that_no_other_has_takes_no_place(name: bytes) -> None:
    field_block._cache.clear()
    head = parse_head(b"GET / HTTP/1.1" + FIELDS + b"\r\n" + name + b": 1")
    assert not head.block.cache_number
    assert len(field_block._cache) == 0
