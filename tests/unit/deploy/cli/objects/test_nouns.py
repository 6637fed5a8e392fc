"""The command line says of each resource what the admin API says: no member is missing, none is made up."""

import pytest

from deploy.cli.objects.nouns import RESOURCES as NOUNS
from deploy.cli.objects.nouns import Noun
from services.key_registry.catalog.resources import RESOURCES, Resource

BY_PATH: dict[str, Resource] = {resource.path: resource for resource in RESOURCES.values()}
LEFT_OUT = {"key-pairs": {"end_oldest"}}


def test_every_resource_is_a_noun() -> None:
    assert {noun.path for noun in NOUNS} == set(BY_PATH)


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.path)
def test_options_are_the_members_of_a_create_and_of_a_change(noun: Noun) -> None:
    resource = BY_PATH[noun.path]
    members = set(resource.create.model_fields) - LEFT_OUT.get(noun.path, set())
    assert {option.member for option in noun.options} == members
    assert {option.member for option in noun.options if not option.fixed} == set(resource.change.model_fields)
    required = {name for name, field in resource.create.model_fields.items() if field.is_required()}
    assert {option.member for option in noun.options if option.required} == required - {"booking_id"}


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.path)
def test_columns_filters_and_secrets_are_members_of_responses(noun: Noun) -> None:
    resource = BY_PATH[noun.path]
    assert {column.partition(".")[0] for column in noun.columns} <= set(resource.response.model_fields)
    assert set(noun.filters) <= {*resource.filters, "company_id"}
    once = set(resource.created_response.model_fields) - set(resource.response.model_fields)
    assert set(noun.secrets) == (once or ({"key"} if noun.path == "access-keys" else set()))
    assert noun.rotates == (resource.secret is not None)
    assert noun.has("rotate") == (noun.rotates or noun.path == "key-pairs"), "`passgate --help` names it"
