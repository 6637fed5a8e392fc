"""Each framing rule is in the code and has payloads; and what is accepted others read alike."""

import re
from pathlib import Path

import pytest

from tests.support.cases import each_case
from tests.support.http1.framing_payloads import FAMILIES, FORWARDED, RESPONSES
from tests.support.http1.invariants import (
    assert_readers_agree_on_request,
    assert_readers_agree_on_response,
    assert_request_written_again,
    assert_response_written_again,
    upgrades,
)
from tests.support.http1.reading import read_requests, read_response
from tests.support.http1.second_readers import h11_request, h11_response, llhttp_request, llhttp_response

ROOT = Path(__file__).resolve().parents[4]
RULES = [f"R{number}" for number in range(1, 24)]

H11_REFUSES = {
    "R2: one empty line": "it takes no empty line before a request",
}
LLHTTP_REFUSES = {
    "R12: in blanks": "it takes no blank after a transfer coding",
    "R19: a length, which means nothing": "it lets no field that frames stand in a trailer",
    "R19: a coding, which means nothing": "it lets no field that frames stand in a trailer",
}
"""Valid requests, each with the reason why another reader refuses it."""


def rules_in(text: str) -> set[str]:
    return set(re.findall(r"\bR\d+\b", text))


def test_each_rule_is_at_the_code_that_holds_it() -> None:
    sources = sorted((ROOT / "gateway").rglob("*.py"))
    assert set.union(*(rules_in(path.read_text(encoding="utf-8")) for path in sources)) == set(RULES)


def test_each_rule_is_described() -> None:
    assert rules_in((ROOT / "docs" / "framing.md").read_text(encoding="utf-8")) == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_has_payloads_by_its_name(rule: str) -> None:
    family = FAMILIES[rule]
    assert family.rule == rule
    assert family.refused or family.bad_responses or family.forwarded or family.responses


@each_case("name", FORWARDED)
def test_h11_and_llhttp_read_a_request_as_it_is_read_here(name: str) -> None:
    raw, content = FORWARDED[name]
    found = read_requests([raw])
    assert ([request.content for request in found.complete], found.failure) == ([content], "")
    assert_readers_agree_on_request(raw, found.complete[0])
    assert_request_written_again(found.complete[0])
    assert (h11_request(raw) is None) is (name in H11_REFUSES)
    assert (llhttp_request(raw) is None) is (name in LLHTTP_REFUSES)


@each_case("name", RESPONSES)
def test_h11_and_llhttp_read_a_response_as_it_is_read_here(name: str) -> None:
    raw, _, method = RESPONSES[name]
    response = read_response([raw], method)
    assert_readers_agree_on_response(raw, method, response)
    assert_response_written_again(method, response)
    assert h11_response(raw, method) is not None
    assert method == "HEAD" or llhttp_response(raw) is not None


def test_a_body_beside_an_offered_protocol_is_a_body() -> None:
    """llhttp takes it for the bytes of that protocol, before anybody has switched to it."""
    raw = FAMILIES["R16"].forwarded["an upgrade beside a body"].raw
    request = read_requests([raw]).complete[0]
    assert upgrades(request)
    seen = llhttp_request(raw)
    assert seen is not None
    assert (seen.content, request.content) == (b"", b"hello")
