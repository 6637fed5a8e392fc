"""What is said of calls that are of no API."""

from pathlib import Path

import yaml

from services.console.pages.portal.called import WHAT, what_it_does
from services.token_issuer.metadata import DIAGNOSIS_PATH, METADATA_PATH, REVOKE_ME_PATH
from shared.contracts.token_issuer import JWKS_PATH

OWN = {"token_issuer", "session_tokens", "operator_validator"}
COUNTED_FOR_NOBODY = {DIAGNOSIS_PATH, REVOKE_ME_PATH, METADATA_PATH, JWKS_PATH}
"""Calls of no credential, or of one that is asked about or ended."""
ROUTES = Path(__file__).parents[6] / "deploy" / "routes.yaml"


def test_a_check_at_the_validator_is_told_from_a_call_of_an_api() -> None:
    assert (
        what_it_does("/OKIT.Operator.Api/api/tokenvalidator")
        == "checks the API token, for a service that was sent it"
    )
    assert what_it_does("/auth/token") == "fetches an access token"
    assert what_it_does("/website/v1/yachts") == what_it_does("sms") == ""


def test_it_is_said_of_each_path_that_passgate_itself_serves_and_counts_and_of_no_other() -> None:
    routes = yaml.safe_load(ROUTES.read_text())["routes"]
    own = {route["path"] for route in routes if route["credential"] == "none" and route["upstream"] in OWN}
    assert own - COUNTED_FOR_NOBODY == WHAT.keys()
    assert own >= COUNTED_FOR_NOBODY
