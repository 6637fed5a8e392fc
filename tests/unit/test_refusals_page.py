"""docs/refusals.md explains each cause of a refusal that the gateway's log can hold."""

import re
from pathlib import Path

from services.operator_validator.validation import Cause as ApiTokenCause
from services.session_tokens.wrong_token import Cause as SessionTokenCause
from shared.jose.errors import Fault
from shared.limits.exceeded import LimitCause
from tests.support.refusals_page import explained_causes

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


def causes() -> list[str]:
    sources = "\n".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / "gateway").rglob("*.py")))
    found = {cause for pattern in LITERALS for cause in re.findall(pattern, sources, re.MULTILINE)}
    issuer = (ROOT / "services/token_issuer/clients/client.py").read_text(encoding="utf-8")
    found |= set(re.findall(r"^ +return \"([a-z_]+)\"", issuer, re.MULTILINE))
    secrets = (ROOT / "services/token_issuer/clients/secrets.py").read_text(encoding="utf-8")
    found |= set(re.findall(r"Fault\(\"([a-z_]+)\"", secrets))
    members = {str(cause) for kind in (ApiTokenCause, SessionTokenCause, Fault, LimitCause) for cause in kind}
    return sorted((found | members) - OF_ADDRESSES)


def test_each_cause_has_one_heading_and_each_heading_a_cause() -> None:
    assert explained_causes() == causes()
