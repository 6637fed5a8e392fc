"""Reading credentials: exactly one, in the place where the route looks for it."""

from collections.abc import Callable
from functools import partial

import pytest

from gateway.credentials.extract import (
    ApiTokenPair,
    NoCredential,
    SessionToken,
    read_api_token,
    read_bearer,
    read_session_token,
    without_session_token,
)
from gateway.credentials.refused import RefusedCredential
from gateway.http1.request_head import RequestHead
from tests.support.http1.heads import head_of


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
@pytest.mark.parametrize("blanks", [" ", "  "])
def test_a_bearer_is_read_in_any_case(scheme: str, blanks: str) -> None:
    assert read_bearer(head_of(f"Authorization: {scheme}{blanks}a.b-c_d~e+f/g==")) == "a.b-c_d~e+f/g=="


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        ([], "no_credential"),
        (["X-Auth: Bearer a"], "no_credential"),
        (["Authorization: Basic eA=="], "wrong_scheme"),
        (["Authorization: BearerX a"], "wrong_scheme"),
        (["Authorization:"], "wrong_scheme"),
        (["Authorization: eyJhbGciOiJFZERTQSJ9.e30.AA"], "wrong_scheme"),
    ],
)
def test_no_bearer_and_another_scheme_are_no_credential_and_two_causes(lines: list[str], cause: str) -> None:
    with pytest.raises(NoCredential) as missing:
        read_bearer(head_of(*lines))
    assert missing.value.cause == cause


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a\tb",
        "Bearer a, Bearer b",
        "bearer\ta",
    ],
)
def test_a_bearer_that_is_not_one_word_is_refused(value: str) -> None:
    with pytest.raises((RefusedCredential, NoCredential)):
        read_bearer(head_of(f"Authorization: {value}"))


def test_an_api_token_comes_with_its_companys_prefix() -> None:
    head = head_of("X-Api-Token: t", "x-client-prefix: c")
    assert read_api_token(head) == ApiTokenPair("t", "c")


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        ([], "no_credential"),
        (["X-Api-Token: t"], "no_client_prefix"),
        (["X-Client-Prefix: c"], "no_api_token"),
    ],
)
def test_what_is_missing_of_an_api_token_is_a_cause_of_its_own(lines: list[str], cause: str) -> None:
    with pytest.raises(NoCredential) as missing:
        read_api_token(head_of(*lines))
    assert missing.value.cause == cause


@pytest.mark.parametrize(
    "lines",
    [
        ["X-Api-Token: t", "X-Api-Token: t", "X-Client-Prefix: c"],
        ["X-Api-Token: t", "X-Client-Prefix: c", "X-Client-Prefix: d"],
    ],
)
def test_half_an_api_token_or_two_are_refused(lines: list[str]) -> None:
    with pytest.raises(RefusedCredential):
        read_api_token(head_of(*lines))


@pytest.mark.parametrize(
    ("lines", "cause", "reader"),
    [
        (["Authorization: Bearer "], "no_credential", read_bearer),
        (["X-Api-Token:", "X-Client-Prefix:"], "no_credential", read_api_token),
        (["X-Api-Token:", "X-Client-Prefix: c"], "no_api_token", read_api_token),
        (["X-Api-Token: t", "X-Client-Prefix:"], "no_client_prefix", read_api_token),
        (["X-Api-Token:"], "no_credential", partial(read_session_token, query=None)),
    ],
)
def test_an_empty_value_is_refused_as_invalid_and_its_cause_says_that_it_is_missing(
    lines: list[str], cause: str, reader: Callable[[RequestHead], object]
) -> None:
    with pytest.raises(RefusedCredential) as refused:
        reader(head_of(*lines))
    assert (refused.value.cause, refused.value.found) == (cause, "an empty value")
    assert refused.value.expected.startswith("a")


@pytest.mark.parametrize(
    ("lines", "query", "token"),
    [
        ([], "apitoken=t", "t"),
        ([], "a=b&%61pitoken=%74", "t"),
        (["X-Api-Token: t"], None, "t"),
        (["x-api-token: t"], "a=b", "t"),
    ],
)
def test_a_session_token_is_in_the_query_or_in_its_field(lines: list[str], query: str | None, token: str) -> None:
    assert read_session_token(head_of(*lines), query) == SessionToken(token)


@pytest.mark.parametrize("query", [None, "", "a=b"])
def test_without_a_session_token_there_is_no_credential(query: str | None) -> None:
    with pytest.raises(NoCredential):
        read_session_token(head_of(), query)


@pytest.mark.parametrize(
    ("lines", "query"),
    [
        ([], "apitoken=a&apitoken=b"),
        ([], "apitoken=a&apitoken=a"),
        ([], "apitoken="),
        ([], "apitoken"),
        (["X-Api-Token: a"], "apitoken=a"),
        (["X-Api-Token: a", "X-Api-Token: b"], None),
        ([], "apitoken=%ff"),
        ([], "&".join("a=b" for _ in range(1001))),
    ],
)
def test_two_session_tokens_or_half_a_one_are_refused(lines: list[str], query: str | None) -> None:
    with pytest.raises(RefusedCredential):
        read_session_token(head_of(*lines), query)


def test_the_callers_own_parameters_are_those_without_the_token() -> None:
    assert without_session_token("a=1&apitoken=t&a=2&b") == [("a", "1"), ("a", "2"), ("b", "")]
