"""docs/refusals.md explains each cause that a log or a trace of the gateway or of a service can hold."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import services.operator_validator
import services.session_tokens
import services.token_issuer
import shared
from services.operator_validator.validation import Cause as ApiTokenCause
from services.session_tokens.wrong_token import Cause as SessionTokenCause
from shared.errors import ServiceError
from shared.jose.errors import Fault
from shared.limits.exceeded import LimitCause
from shared.refusal_traces.causes import CHECKS
from shared.refusal_traces.page import anchor_of
from tests.support.refusals_page import anchors, explained_causes, section_of

ROOT = Path(__file__).resolve().parents[2]
LITERALS = (
    r"\bcause=\"([a-z_]+)\"",
    r"\bcause: str = \"([a-z_]+)\"",
    r"\bcode(?:: str)? ?= ?\"([a-z_]+)\"",
    r"code = \"([a-z_]+)\" if .* else \"[a-z_]+\"",
    r"code = \"[a-z_]+\" if .* else \"([a-z_]+)\"",
    r"(?:RefusedCredential|NoCredential)\(\"([a-z_]+)\"",
    r"RefusedCredential\.of\([a-z_.]+, \"([a-z_]+)\"",
    r"response\.cause or \"([a-z_]+)\"",
    r"UpstreamFailed\(\d+, \"([a-z_]+)\"",
    r"^(?:CONNECTIONS_IN_USE|CIRCUIT_OPEN|UNREACHABLE|TLS_FAILED|CONNECTION_LOST|RESPONSE_TIMEOUT) = \"([a-z_]+)\"",
)
"""How the gateway's sources name a cause."""
OF_ADDRESSES = {"responded", "health_check"}
"""Why an address of an upstream is up or down: in other lines of the log."""
TRACED = (services.operator_validator, services.session_tokens, services.token_issuer, shared)
"""Those that record what refused calls met, beside the gateway, and what they are made of."""
NEVER_RECORDED = {"error", "wrong_token", "conflict", "invalid_key"}
"""Codes of which each error has a cause instead, or which these services never raise."""


def causes() -> list[str]:
    sources = "\n".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / "gateway").rglob("*.py")))
    found = {cause for pattern in LITERALS for cause in re.findall(pattern, sources, re.MULTILINE)}
    issuer = (ROOT / "services/token_issuer/clients/client.py").read_text(encoding="utf-8")
    found |= set(re.findall(r"^ +return \"([a-z_]+)\"", issuer, re.MULTILINE))
    secrets = (ROOT / "services/token_issuer/clients/secrets.py").read_text(encoding="utf-8")
    found |= set(re.findall(r"Fault\(\"([a-z_]+)\"", secrets))
    members = {str(cause) for kind in (ApiTokenCause, SessionTokenCause, Fault, LimitCause) for cause in kind}
    return sorted((found | members) - OF_ADDRESSES)


def codes() -> set[str]:
    for package in TRACED:
        _import_all(package)
    return {error.code for error in _all_kinds(ServiceError) if error.__module__.startswith(OF_TRACED)}


OF_TRACED = tuple(f"{package.__name__}." for package in TRACED)


def _import_all(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _all_kinds(error: type[ServiceError]) -> Iterator[type[ServiceError]]:
    for kind in error.__subclasses__():
        yield kind
        yield from _all_kinds(kind)


def test_each_cause_has_one_heading_and_each_heading_a_cause() -> None:
    assert explained_causes() == sorted(CHECKS)


def test_what_the_gateway_and_the_services_record_are_causes_that_the_page_explains() -> None:
    assert set(causes()) - CHECKS.keys() == set()
    assert codes() - NEVER_RECORDED - CHECKS.keys() == set()


def test_each_cause_is_found_by_its_anchor() -> None:
    found = {cause: anchor_of(cause) for cause in CHECKS}
    assert set(found.values()) == anchors()
    assert [cause for cause, anchor in found.items() if cause not in anchor.split("-")] == []


def test_two_kinds_in_one_request_are_said_to_matter_on_routes_that_accept_several() -> None:
    assert "accepts several kinds" in section_of("ambiguous_credential")
