"""What a route sets and removes never touches what the gateway alone says, and shows no value in an error."""

import pytest

from gateway.field_names import WRITTEN_FOR_UPSTREAMS
from gateway.http1.fields import HOP_BY_HOP
from gateway.routing.rewriting.header_rules import (
    BadRule,
    HeaderRules,
    RequestField,
    RequestFields,
    ResponseField,
    ResponseFields,
    read_rules,
)
from tests.support.cases import each_case

IDENTITY = [
    "X-Passgate-Company",
    "x-passgate-x",
    "X-Forwarded-User",
    "X-Auth-Request-User",
    "Remote-User",
    "X-Consumer-Id",
]


@each_case("name", sorted({*WRITTEN_FOR_UPSTREAMS, *IDENTITY, "Host", "HOST", "X-Forwarded-For", "te"}))
def test_what_the_gateway_says_to_an_upstream_is_not_for_a_route_to_say(name: str) -> None:
    with pytest.raises(ValueError, match="for the gateway alone to say"):
        RequestField.check(name)


@pytest.mark.parametrize(
    "name", sorted({*HOP_BY_HOP, "Content-Length", "X-Request-Id", "X-Passgate-Company", "Date"})
)
def test_what_the_gateway_says_to_a_client_is_not_for_a_route_to_say(name: str) -> None:
    with pytest.raises(ValueError, match=r"for the gateway alone to say|must be there"):
        ResponseField.check(name)


@pytest.mark.parametrize(
    "name", ["a b", "a_b", "X_Passgate_Company", "a:", "a\r\nb", "-a", "a-", "a--b", "é", "a.b", " a"]
)
def test_a_name_that_may_be_read_as_another_is_refused(name: str) -> None:
    for field in (RequestField, ResponseField):
        with pytest.raises(ValueError, match="must be letters and digits"):
            field.check(name)


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "Accept-Encoding", "User-Agent", "X-Api-Version"])
def test_other_fields_of_a_request_are_for_the_route_to_say(name: str) -> None:
    assert RequestField.check(name) == name


@pytest.mark.parametrize("name", ["Server", "Strict-Transport-Security", "Set-Cookie", "Cache-Control", "Location"])
def test_other_fields_of_a_response_are_for_the_route_to_say(name: str) -> None:
    assert ResponseField.check(name) == name


def rules(set_: dict[str, str], remove: tuple[str, ...] = (), **environment: str) -> HeaderRules | None:
    entry = RequestFields.model_validate({"set": set_, "remove": list(remove)} if remove else {"set": set_})
    return read_rules(entry, lambda value: value.replace("${NAME}", environment.get("NAME", "")))


def test_names_are_known_in_lower_case_and_fields_are_rendered() -> None:
    read = rules({"X-A": "1", "X-B": "${NAME} 2"}, ("Cookie",), NAME="one")
    assert read is not None
    assert read.names == {"x-a", "x-b", "cookie"}
    assert read.lines == ("X-A: 1", "X-B: one 2")
    assert [(field.name, field.value) for field in read.fields] == [("x-a", "1"), ("x-b", "one 2")]


@pytest.mark.parametrize("entry", [None, RequestFields(), ResponseFields()])
def test_no_rules_are_none(entry: RequestFields | ResponseFields | None) -> None:
    assert read_rules(entry, str) is None


@pytest.mark.parametrize(
    "secret",
    ["s3cret\r\nX-Passgate-Company: a", "s3cret\n", "s3cret\0", " s3cret", "s3crét", "s3cret" * 1000, "s3cret\x7f"],
)
def test_a_value_that_would_break_out_of_its_line_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(BadRule, match="printable ASCII characters") as refused:
        rules({"X-A": "${NAME}"}, NAME=secret)
    assert refused.value.name == "X-A"
    assert "s3cr" not in str(refused.value)


def test_a_value_that_is_empty_once_its_variable_is_replaced_is_refused() -> None:
    with pytest.raises(BadRule, match="must be 1 to 4096"):
        rules({"X-A": "${NAME}"})


def test_a_field_is_set_once_and_not_removed_too() -> None:
    with pytest.raises(BadRule, match="is set twice"):
        rules({"X-A": "1", "x-a": "2"})
    with pytest.raises(BadRule, match="is set and removed"):
        rules({"X-A": "1"}, ("x-a",))


def test_a_value_is_not_shown_by_what_a_debugger_prints_of_a_route() -> None:
    read = rules({"X-A": "s3cret"})
    assert "s3cret" not in repr(read)
