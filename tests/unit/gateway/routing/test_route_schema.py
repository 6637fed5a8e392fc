"""What editors are told of a route file agrees with what the gateway checks."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema_rs import Draft202012Validator

from gateway.routing.issuers.schema import ClaimsEntry, IssuerEntry
from gateway.routing.route_file import RouteFileError, parse_route_file
from gateway.routing.route_schema import RouteEntry, json_schema
from gateway.routing.upstream_address import OwnPorts
from gateway.routing.upstream_schema import UpstreamEntry
from tests.support.cases import each_case
from tests.unit.gateway.routing.route_files import BAD, CORP, ISSUED, UPSTREAMS, VALID

DEPLOY = Path(__file__).parents[4] / "deploy"
VALIDATOR = Draft202012Validator(json_schema())


def file_with(changes: dict[str, str | None]) -> str:
    members = {name: value for name, value in {**VALID, **changes}.items() if value is not None}
    route = ", ".join(f"{name}: {value}" for name, value in members.items())
    return f"upstreams:\n  a: {{url: http://10.0.0.1}}\nroutes:\n  - {{{route}}}\n"


def test_the_schema_that_is_shipped_is_the_one_that_the_command_writes() -> None:
    assert json.loads((DEPLOY / "routes.schema.json").read_text()) == json_schema()


def test_the_shipped_file_is_valid_for_editors_too() -> None:
    VALIDATOR.validate(yaml.safe_load((DEPLOY / "routes.yaml").read_text()))


@each_case("changes", [changes for changes, _ in BAD])
def test_what_the_schema_refuses_the_gateway_refuses(changes: dict[str, str | None]) -> None:
    text = file_with(changes)
    with pytest.raises(RouteFileError):
        parse_route_file(text, "routes.yaml", environment={}, own=OwnPorts("gateway.example", frozenset()))


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": "[y]"},
        {"credential": "jwt"},
        {"credential": "api_token"},
        {"credential": "open"},
        {"credential": "[none]"},
        {"credential": "[jwt, session_token]"},
        {"credential": "[session_token]", "scopes": "[x]"},
        {"application": "S"},
        {"path": None},
        {"prefix": "/y"},
        {"methods": "[get]"},
        {"methods": "[TRACE]"},
        {"max_body": "-1"},
        {"retry": "1"},
        {"name": "'a b'"},
    ],
)
def test_an_editor_shows_what_the_gateway_would_refuse(changes: dict[str, str | None]) -> None:
    assert not VALIDATOR.is_valid(yaml.safe_load(file_with(changes)))
    assert VALIDATOR.is_valid(yaml.safe_load(file_with({})))


def test_an_editor_takes_several_kinds_with_the_members_of_each() -> None:
    several: dict[str, str | None] = {"credential": "[jwt, api_token]", "scopes": "[x]", "application": "S"}
    assert VALIDATOR.is_valid(yaml.safe_load(file_with(several)))


def test_an_editor_takes_another_issuer_and_shows_what_is_wrong_with_one() -> None:
    assert VALIDATOR.is_valid(yaml.safe_load(CORP + UPSTREAMS + ISSUED))
    for old, new in (
        ("[RS256, Ed25519]", "[HS256]"),
        ("company: org.id, ", ""),
        ("{value: shop}", "{claim: shop}"),
    ):
        assert not VALIDATOR.is_valid(yaml.safe_load(CORP.replace(old, new) + UPSTREAMS + ISSUED))


@pytest.mark.parametrize("model", [RouteEntry, UpstreamEntry, IssuerEntry, ClaimsEntry])
def test_every_member_whose_name_does_not_say_it_all_is_described(model: Any) -> None:
    obvious = {"name"}
    assert {name for name, field in model.model_fields.items() if not field.description} <= obvious
