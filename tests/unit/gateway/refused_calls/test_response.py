"""The response to a refused call is the same bytes as if each were rendered by itself."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.credentials.extract import NoCredential
from gateway.credentials.identity import Identity
from gateway.credentials.refused import RefusedCredential
from gateway.http1.request import BadRequest
from gateway.refused_calls import problems, response
from gateway.refused_calls.problems import Fields, Refusal
from gateway.refused_calls.response import render, response_to
from shared.error_pages.pages import ErrorTypes, error_types
from shared.errors import Unavailable
from shared.problem import problem_document
from tests.support.cases import each_case

KNOWN = RefusedCredential.of(Identity("api_client", "blabla", "pgck_1", "s", "company"), "stopped")
REFUSALS = (
    problems.no_credential(NoCredential(), route="site"),
    problems.no_credential(
        NoCredential("wrong_scheme", 'it is "Basic"', challenge="Bearer, ApiToken"), route="site"
    ),
    problems.bad_credential(KNOWN, route="site"),
    problems.bad_credential(RefusedCredential("malformed"), route="other"),
    problems.insufficient_scope(KNOWN, "a:b c:d", "c:d", route="site"),
    problems.insufficient_scope(KNOWN, "a:b c:d", "a:b", route="site"),
    problems.unavailable(Unavailable(), route="site"),
    problems.method_not_allowed(("GET", "HEAD")),
    problems.method_not_allowed(("PUT",)),
    problems.not_found(),
    problems.malformed(BadRequest('ein Zeichen, das niemand erwartet: \u00fc \u2028 \\ "')),
    problems.malformed(BadRequest("a bad method", status=405)),
    problems.too_large(10, route="site"),
    problems.too_large(11, route="site"),
)


def plainly(refused: Refusal, request_id: str) -> tuple[Fields, bytes]:
    document = problem_document(
        refused.status,
        refused.code,
        refused.description,
        request_id=request_id,
        type_=error_types.of(refused.code),
    )
    own = (("Content-Type", "application/problem+json"), ("Cache-Control", "no-store"))
    return (*own, *refused.fields, ("X-Request-Id", request_id)), orjson.dumps(document)


@given(st.lists(st.tuples(st.sampled_from(REFUSALS), st.from_regex(r"[A-Za-z0-9_-]{8,64}", fullmatch=True))))
def test_each_response_is_its_own_whatever_came_before(calls: list[tuple[Refusal, str]]) -> None:
    for refused, request_id in calls:
        fields, body = plainly(refused, request_id)
        assert render(refused, request_id) == (fields, body)
        assert response_to(refused).lines(request_id) == "\r\n".join(f"{name}: {value}" for name, value in fields)
        assert json.loads(body)["request_id"] == request_id


@each_case("refused", REFUSALS, ids=lambda one: f"{one.code}-{one.status}")
def test_those_who_are_refused_alike_have_one_that_is_rendered_once(refused: Refusal) -> None:
    assert response_to(refused) is response_to(refused)


def test_where_the_pages_are_is_that_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for url in ("https://a.example", "https://b.example"):
        types = ErrorTypes()
        types.lead_to(url)
        monkeypatch.setattr(response, "error_types", types)
        found.append(json.loads(render(problems.not_found(), "r")[1])["type"])
    assert found == ["https://a.example/errors/not_found", "https://b.example/errors/not_found"]


def test_texts_of_a_strangers_choice_are_cached_within_a_bound() -> None:
    for number in range(response.MAX_CACHED_RESPONSES * 2):
        response_to(problems.malformed(BadRequest(f"no. {number}")))
        assert len(response._cache) <= response.MAX_CACHED_RESPONSES
