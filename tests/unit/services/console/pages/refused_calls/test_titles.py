"""Causes are listed in the words of their explanations, and what a check found without the cause before it."""

from services.console.pages.refused_calls.by_cause import EXPLANATIONS
from services.console.pages.refused_calls.titles import found_in_words, title_of_cause, titles
from shared.refusal_traces.causes import CHECKS
from tests.support.cases import each_case


def test_each_cause_has_a_title_that_is_no_machines_word() -> None:
    assert title_of_cause("version_revoked") == "The secret was ended"
    assert title_of_cause("circuit_open") == "Circuit open"
    for cause in CHECKS:
        assert "_" not in title_of_cause(cause)


def test_all_causes_are_offered_and_no_two_read_alike() -> None:
    offered = titles({*CHECKS, "some_cause", ""})
    assert dict(offered).keys() == CHECKS.keys() | {"some_cause"}
    assert dict(offered)["some_cause"] == "Some cause"
    assert dict(offered)["no_route"] == "There is no API at this path (no route)"
    assert len({title for _, title in offered}) == len(offered)
    assert [title for _, title in offered] == sorted(title for _, title in offered)
    assert dict(titles(EXPLANATIONS)).keys() == EXPLANATIONS.keys()


@each_case(
    "found, said",
    (
        ("no_credential", "No credential was sent"),
        ("revoked", "The credential is revoked"),
        ("wrong_kind: it begins with pgat_", "it begins with pgat_"),
        ("invalid_request: grant_type is missing", "grant_type is missing"),
        ("api_client pgck_x", "API client pgck_x"),
        ("access_key_expired", "The access key has expired"),
        ("aud must hold passgate", "aud must hold passgate"),
        ("blabla", "blabla"),
        ("", ""),
    ),
)
def test_what_was_found_is_said_in_words(found: str, said: str) -> None:
    assert found_in_words({"ok": False, "found": found, "found_kind": "", "found_id": ""}) == said


def test_what_is_stopped_is_named_by_its_kind_whatever_the_text() -> None:
    step = {"ok": False, "found": "worded some day", "found_kind": "api_client", "found_id": "0190c0de"}
    assert found_in_words(step) == "API client 0190c0de is stopped"
