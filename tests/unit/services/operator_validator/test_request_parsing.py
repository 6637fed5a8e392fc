"""How a request is parsed: which spellings count, and what the error says."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.operator_validator.request_parsing import from_json, from_query
from services.operator_validator.validation import ValidationRequest
from shared.errors import Invalid
from tests.support.cases import each_case

REQUEST = ValidationRequest("T", "C", "A")


@pytest.mark.parametrize(
    "query",
    [
        "token=T&applicaiontPrefix=A&clientPrefix=C",
        "token=T&applicationPrefix=A&clientPrefix=C",
        "clientPrefix=C&token=T&applicationPrefix=A",
        "TOKEN=T&APPLICAIONTPREFIX=A&CLIENTPREFIX=C",
        "Token=T&applicationprefix=A&clientprefix=C",
        "token=T&applicaiontPrefix=A&applicationPrefix=A&clientPrefix=C",
        "%74oken=%54&applicationPrefix=%41&clientPrefix=%43",
        "&&token=T&&applicationPrefix=A&clientPrefix=C&",
        "token=T&applicationPrefix=A&clientPrefix=C&other=1&other=2&%FF=%FF&=x&x",
    ],
)
def test_each_spelling_is_the_same_request(query: str) -> None:
    assert from_query(query) == REQUEST


@pytest.mark.parametrize(
    ("query", "token"),
    [
        ("token=&applicationPrefix=A&clientPrefix=C", ""),
        ("token&applicationPrefix=A&clientPrefix=C", ""),
        ("token=a+b%2Bc&applicationPrefix=A&clientPrefix=C", "a b+c"),
        ("token=a=b&applicationPrefix=A&clientPrefix=C", "a=b"),
        ("token=a;b&applicationPrefix=A&clientPrefix=C", "a;b"),
        ("token=%00&applicationPrefix=A&clientPrefix=C", "\0"),
        ("token=%C3%A9&applicationPrefix=A&clientPrefix=C", "\u00e9"),
        ("token=\u00e9&applicationPrefix=A&clientPrefix=C", "\u00e9"),
        ("token=%2541&applicationPrefix=A&clientPrefix=C", "%41"),
        ("token=" + "%F0%9F%94%91" * 256 + "&applicationPrefix=A&clientPrefix=C", "\U0001f511" * 256),
    ],
)
def test_a_token_is_decoded_once_and_may_be_anything(query: str, token: str) -> None:
    assert from_query(query).token == token


def test_the_token_may_come_in_the_header_alone_or_equal_in_both() -> None:
    assert from_query("applicationPrefix=A&clientPrefix=C", "T") == REQUEST
    assert from_query("token=T&applicationPrefix=A&clientPrefix=C", "T") == REQUEST


@each_case(
    ("query", "header", "said"),
    [
        ("", None, "token is missing"),
        ("applicationPrefix=A&clientPrefix=C", None, "token is missing"),
        ("token=T&clientPrefix=C", None, "applicationPrefix is missing"),
        ("token=T&applicationPrefix=A", None, "clientPrefix is missing"),
        ("token=T&token=T&applicationPrefix=A&clientPrefix=C", None, "token is repeated"),
        ("token=T&TOKEN=T&applicationPrefix=A&clientPrefix=C", None, "token is repeated"),
        ("token=T&%74oken=T&applicationPrefix=A&clientPrefix=C", None, "token is repeated"),
        ("token=T&clientPrefix=C&clientprefix=C&applicationPrefix=A", None, "clientPrefix is repeated"),
        (
            "token=T&clientPrefix=C&applicationPrefix=A&applicationPrefix=A",
            None,
            "applicationPrefix is repeated",
        ),
        (
            "token=T&clientPrefix=C&applicaiontPrefix=A&applicaiontPrefix=A",
            None,
            "applicationPrefix is repeated",
        ),
        (
            "token=T&clientPrefix=C&applicaiontPrefix=A&applicationPrefix=B",
            None,
            "applicationPrefix is repeated with different values",
        ),
        ("token=T&applicationPrefix=A&clientPrefix=C", "U", "token is repeated with different values"),
        ("token=&applicationPrefix=A&clientPrefix=C", "T", "token is repeated with different values"),
        (f"token={'t' * 257}&applicationPrefix=A&clientPrefix=C", None, "token is longer than 256 characters"),
        ("applicationPrefix=A&clientPrefix=C", "t" * 257, "token is longer than 256 characters"),
        (f"token=T&applicationPrefix=A&clientPrefix={'c' * 65}", None, "clientPrefix is longer than 64 characters"),
        (
            f"token=T&applicaiontPrefix={'a' * 65}&clientPrefix=C",
            None,
            "applicationPrefix is longer than 64 characters",
        ),
        ("token=%FF&applicationPrefix=A&clientPrefix=C", None, "token is not percent-encoded UTF-8"),
        ("token=%C0%80&applicationPrefix=A&clientPrefix=C", None, "token is not percent-encoded UTF-8"),
        ("token=%ED%A0%80&applicationPrefix=A&clientPrefix=C", None, "token is not percent-encoded UTF-8"),
        ("token=%&applicationPrefix=A&clientPrefix=C", None, "token is not percent-encoded UTF-8"),
        ("token=%4&applicationPrefix=A&clientPrefix=C", None, "token is not percent-encoded UTF-8"),
        ("token=%zz&applicationPrefix=A&clientPrefix=C", None, "token is not percent-encoded UTF-8"),
        ("token=\udcff&applicationPrefix=A&clientPrefix=C", None, "token is not percent-encoded UTF-8"),
        ("token=T&applicationPrefix=A&clientPrefix=%u0041", None, "clientPrefix is not percent-encoded UTF-8"),
        ("&".join(["x=1"] * 101), None, "there are more than 100 parameters"),
    ],
)
def test_an_unreadable_parameter_is_named(query: str, header: str | None, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        from_query(query, header)
    assert refused.value.description == said


@pytest.mark.parametrize(
    "body",
    [
        b'{"token":"T","client_prefix":"C","application_prefix":"A"}',
        b'{"token":"T","clientPrefix":"C","applicationPrefix":"A"}',
        b'{"token":"T","clientPrefix":"C","applicaiontPrefix":"A"}',
        b'{"token":"T","client_prefix":"C","application_prefix":"A","other":[1,{"token":2}]}',
    ],
)
def test_json_has_the_same_names_or_snake_case(body: bytes) -> None:
    assert from_json(body) == REQUEST


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the body is not valid JSON"),
        (b"{", "the body is not valid JSON"),
        (b"[]", "the body must be a JSON object"),
        (b"null", "the body must be a JSON object"),
        (b'"token"', "the body must be a JSON object"),
        (b"\xff", "the body is not UTF-8"),
        (b"\xff\xfe{\0}\0", "the body is not UTF-8"),
        (b"\xef\xbb\xbf{}", "the body begins with a byte order mark; send JSON without one"),
        (b"[" * 16000, "the body is nested more than 16 levels deep"),
        (b'{"a":' * 3000, "the body is nested more than 16 levels deep"),
        (b"9" * 10000, "the body holds a number of more than 32 characters"),
        (b'{"other":1,"other":2}', "the body names a member twice"),
        (b'{"other":1e999}', "the body holds a number that is not finite"),
        (b"{}", "token is missing"),
        (b'{"token":1}', "token must be a string"),
        (b'{"token":null}', "token must be a string"),
        (b'{"token":["T"]}', "token must be a string"),
        (b'{"token":"T","token":"T"}', "token is repeated"),
        (
            b'{"token":"T","client_prefix":"C","clientPrefix":"D"}',
            "clientPrefix is repeated with different values",
        ),
        (b'{"token":"' + b"t" * 257 + b'"}', "token is longer than 256 characters"),
        (b'{"token":"T","client_prefix":"C"}', "applicationPrefix is missing"),
    ],
)
def test_the_error_says_what_is_wrong_with_the_json(body: bytes, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        from_json(body)
    assert refused.value.description == said


def test_a_token_with_u0000_is_read_and_so_is_a_wrong_one_like_any_other() -> None:
    assert from_json(b'{"token":"\\u0000","clientPrefix":"C","applicationPrefix":"A"}').token == "\0"


@given(st.text(max_size=120))
def test_any_query_is_parsed_or_refused(query: str) -> None:
    with contextlib.suppress(Invalid):
        from_query(f"{query}&clientPrefix=C&applicationPrefix=A", "T")


@given(st.binary(max_size=120))
def test_any_body_is_parsed_or_refused(body: bytes) -> None:
    with contextlib.suppress(Invalid):
        from_json(body)
