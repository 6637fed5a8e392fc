"""Code for every credential in every language: nothing is left open, and no value can be more than a literal."""

import ast
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.console.pages.credentials.kinds import BY_PATH, KINDS
from services.console.pages.portal.snippets import (
    LANGUAGES,
    OWN_PATH,
    RUN,
    SAMPLE_APPLICATION,
    SAMPLE_PATHS,
    SAMPLE_SCOPES,
    languages_of,
    sample_path,
    sent_path,
    snippet,
)

ROUTES = Path(__file__).parents[6] / "deploy" / "routes.yaml"
JWTS = ("api-clients", "key-pairs")
GATEWAY = "https://api.example"
NASTY = "https://x.example/'\"\\$(id)`id`${1}%s é"


def credential(path: str, algorithm: str = "RS256") -> dict[str, Any]:
    granted = ["site:read", "website:read:*", NASTY]
    application = {"application_prefix": SAMPLE_APPLICATION}
    return {
        "key": "pgck_x",
        "kid": "kp_x",
        "algorithm": algorithm,
        "scopes": granted,
        "application": application,
    }


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
    assert sent_path(BY_PATH["api-clients"], {"scopes": ["site:*"]}, given) == "/v2.0/site"


def test_the_path_of_the_kind_before_is_not_taken_over_and_a_typed_one_is() -> None:
    for chosen in KINDS:
        for before in KINDS:
            by_jwt = chosen.path in JWTS and before.path in JWTS
            shown = sent_path(chosen, credential(chosen.path), SAMPLE_PATHS[before.path])
            assert shown == SAMPLE_PATHS[(before if by_jwt else chosen).path]
        assert sent_path(chosen, credential(chosen.path), "/my/own") == "/my/own"


@pytest.mark.parametrize("kind", ["api-clients", "key-pairs"])
def test_a_sample_that_the_scopes_open_is_shown(kind: str) -> None:
    site, yachts = "/v2.0/site", "/website/v1/yachts"
    assert sample_path(BY_PATH[kind], {"scopes": ["site:read"]}) == site
    assert sample_path(BY_PATH[kind], {"scopes": ["website:read:*"]}) == yachts
    assert sample_path(BY_PATH[kind], {"scopes": ["site:*", "website:*"]}) == SAMPLE_PATHS[kind]
    assert sample_path(BY_PATH[kind], {"scopes": ["boats:read"]}) == OWN_PATH
    assert sent_path(BY_PATH[kind], {"scopes": ["website:read:*"]}, site) == yachts
    assert sent_path(BY_PATH[kind], {"scopes": ["site:read", "website:read:*"]}, yachts) == yachts


def test_a_token_of_another_application_is_offered_no_sample_that_would_refuse_it() -> None:
    tokens, other = BY_PATH["api-tokens"], {"application": {"application_prefix": "WEBSITE"}}
    assert sample_path(tokens, other) == OWN_PATH
    assert sent_path(tokens, other, SAMPLE_PATHS["api-tokens"]) == OWN_PATH
    assert sent_path(tokens, credential("api-tokens"), OWN_PATH) == SAMPLE_PATHS["api-tokens"], (
        "nobody has typed it"
    )


def test_samples_are_routes_of_the_shipped_file_with_the_credential_and_scopes_that_they_have_there() -> None:
    routes = {route["path"]: route for route in yaml.safe_load(ROUTES.read_text())["routes"] if "path" in route}
    credentials = {"api-tokens": "api_token", "access-keys": "session_token"} | dict.fromkeys(JWTS, "jwt")
    assert {kind: routes[path]["credential"] for kind, path in SAMPLE_PATHS.items()} == credentials
    by_jwt = {path: route["scopes"] for path, route in routes.items() if route["credential"] == "jwt"}
    assert by_jwt == {path: [scope] for path, scope in SAMPLE_SCOPES.items()}
    assert routes[SAMPLE_PATHS["api-tokens"]]["application"] == SAMPLE_APPLICATION
    assert OWN_PATH not in routes
