"""Code for every credential in every language: nothing is left open, and no value can be more than a literal."""

import ast
import shutil
import subprocess
from typing import Any

import pytest

from services.console.pages.kinds import BY_PATH, KINDS
from services.console.pages.portal.snippets import (
    LANGUAGES,
    RUN,
    SAMPLE_PATHS,
    languages_of,
    sample_path,
    sent_path,
    snippet,
)

GATEWAY = "https://api.example"
NASTY = "https://x.example/'\"\\$(id)`id`${1}%s é"


def credential(path: str, algorithm: str = "RS256") -> dict[str, Any]:
    return {"key": "pgck_x", "kid": "kp_x", "algorithm": algorithm, "scopes": ["a:b", NASTY]}


def company(**members: str) -> dict[str, str]:
    return {"client_prefix": "blabla", "company_uri": "https://blabla.example", **members}


def test_there_is_a_whole_program_for_every_kind_and_language() -> None:
    for kind in KINDS:
        for language in LANGUAGES:
            code = snippet(kind, credential(kind.path), language, GATEWAY, company(), SAMPLE_PATHS[kind.path])
            assert f"{GATEWAY}{SAMPLE_PATHS[kind.path]}" in code
            assert "«" not in code
            assert language in RUN


def test_each_algorithm_has_the_languages_that_can_sign_so_by_themselves() -> None:
    pairs, every = BY_PATH["key-pairs"], list(LANGUAGES)
    expected = {
        **dict.fromkeys(("RS256", "RS384", "RS512"), every),
        "ES256": ["python", "javascript", "java", "csharp"],
        "EdDSA": ["python", "javascript", "java"],
    }
    for algorithm, languages in expected.items():
        assert languages_of(pairs, credential("key-pairs", algorithm)) == languages
        for language in languages:
            assert "«" not in snippet(pairs, credential("key-pairs", algorithm), language, GATEWAY, company(), "/x")
    assert all(languages_of(kind, {}) == every for kind in KINDS if kind is not pairs)


def test_a_value_stays_a_value_whatever_is_in_it() -> None:
    nasty = company(client_prefix=NASTY, company_uri=NASTY)
    for kind in KINDS:
        code = snippet(kind, {**credential(kind.path), "key": NASTY}, "python", GATEWAY, nasty, "/'\"$(id)")
        values = {node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)}
        assert f"{GATEWAY}/'\"$(id)" in values
        shell = snippet(kind, {**credential(kind.path), "key": NASTY}, "curl", GATEWAY, nasty, "/'\"$(touch x)")
        done = subprocess.run(["sh", "-n"], input=shell, capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node here")
def test_javascript_is_well_formed(tmp_path: Any) -> None:
    for kind in KINDS:
        code = snippet(kind, credential(kind.path), "javascript", GATEWAY, company(company_uri=NASTY), "/x")
        (tmp_path / "call.mjs").write_text(code)
        check = ["node", "--check", str(tmp_path / "call.mjs")]
        done = subprocess.run(check, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("given", ["", "x", "//\n", "/ä", "/a b", "/" + "a" * 500, "https://evil.example/"])
def test_what_is_no_path_becomes_the_samples(given: str) -> None:
    assert sent_path(BY_PATH["api-clients"], {"scopes": []}, given) == "/v2.0/site"


def test_the_path_of_the_kind_before_is_not_taken_over_and_a_typed_one_is() -> None:
    for chosen in KINDS:
        for before in KINDS:
            shown = sent_path(chosen, credential(chosen.path), SAMPLE_PATHS[before.path])
            assert shown == SAMPLE_PATHS[chosen.path]
        assert sent_path(chosen, credential(chosen.path), "/my/own") == "/my/own"


@pytest.mark.parametrize("kind", ["api-clients", "key-pairs"])
def test_a_sample_that_the_scopes_open_is_shown(kind: str) -> None:
    site, yachts = "/v2.0/site", "/website/v1/yachts"
    assert sample_path(BY_PATH[kind], {"scopes": ["site:read"]}) == site
    assert sample_path(BY_PATH[kind], {"scopes": ["website:read:*"]}) == yachts
    assert sample_path(BY_PATH[kind], {"scopes": ["site:*", "website:*"]}) == SAMPLE_PATHS[kind]
    assert sample_path(BY_PATH[kind], {"scopes": ["boats:read"]}) == SAMPLE_PATHS[kind]
    assert sent_path(BY_PATH[kind], {"scopes": ["website:read:*"]}, site) == yachts
    assert sent_path(BY_PATH[kind], {"scopes": ["site:read", "website:read:*"]}, yachts) == yachts
