"""What was called: where a long path may break, and what is said of calls that are of no API."""

from pathlib import Path

import yaml

from services.console.pages.portal.called import WHAT, breaking, what_it_does

ROUTES = Path(__file__).parents[6] / "deploy" / "routes.yaml"


def test_a_path_breaks_after_its_slashes_and_is_no_markup() -> None:
    assert breaking("/auth/token") == "/<wbr>auth/<wbr>token"
    assert breaking("site") == "site"
    assert breaking("/<b>/&") == "/<wbr>&lt;b&gt;/<wbr>&amp;"


def test_a_check_at_the_validator_is_told_from_a_call_of_an_api() -> None:
    assert (
        what_it_does("/OKIT.Operator.Api/api/tokenvalidator")
        == "check of the API token, by a service that was sent it"
    )
    assert what_it_does("/auth/token") == "fetches an access token"
    assert what_it_does("/website/v1/yachts") == what_it_does("sms") == ""


def test_what_is_said_is_of_paths_that_passgate_itself_serves() -> None:
    routes = {route["path"]: route for route in yaml.safe_load(ROUTES.read_text())["routes"]}
    assert {routes[path]["credential"] for path in WHAT} == {"none"}
