"""The registry responds to what its own documents allow as they say, and refuses what they do not allow."""

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import suppress

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks

from services.key_registry.catalog.resources import RESOURCES
from tests.support.harness.key_registry import Admin, Running

pytestmark = pytest.mark.timeout(300)
EXAMPLES = 2
"""Requests for each operation and each of valid and invalid; the same ones in every run."""
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
ALIKE = re.compile(r"/admin/v1/(?!companies)[a-z-]+/{id}/(?:suspend|resume|revoke|impact)")
"""Operations that are the same for every kind of object."""


async def test_the_admin_api_is_as_described(running: Running) -> None:
    owner = running.owner
    ids = await one_of_each(owner)
    found = await asyncio.to_thread(
        violations, f"{owner.url}/openapi.json", lambda: {"Authorization": f"Bearer {owner.token}"}, ids
    )
    assert found == {}


async def test_the_internal_api_is_as_described(running: Running) -> None:
    authorization = running.keys.identity("token_issuer").authorization_for("key_registry")
    found = await asyncio.to_thread(
        violations, f"{running.url}/openapi/internal.json", lambda: {"Authorization": authorization()}, {}
    )
    assert found == {}


async def one_of_each(owner: Admin) -> dict[str, str]:
    """An object of each resource, by its path; what is created from the examples fits together."""
    document = (await owner.get(f"{owner.url}/openapi.json")).body
    ids = {}
    for resource in RESOURCES.values():
        (body,) = document["components"]["schemas"][resource.create.__name__]["examples"]
        ids[resource.path] = (await owner.create(f"/{resource.path}", **body))["id"]
    return ids


def violations(url: str, headers: Callable[[], Mapping[str, str]], ids: Mapping[str, str]) -> dict[str, list[str]]:
    """What is not as the document says, by operation."""
    found: dict[str, list[str]] = {}
    schema = schemathesis.openapi.from_url(url)
    schema.config.generation.update(with_security_parameters=False)  # else what is wrong is nearly always the token
    for operation in (operation.ok() for operation in schema.get_all_operations()):
        if ALIKE.fullmatch(operation.path):
            continue
        for mode in modes(operation):
            for failure in tried(operation, mode, headers, ids):
                found.setdefault(operation.label, []).append(failure)
    return found


def modes(operation: schemathesis.APIOperation) -> list[GenerationMode]:
    """Nothing can be wrong with a request that has no parameter but an id, and it takes a second to find out."""
    found = [GenerationMode.POSITIVE]
    if operation.body or operation.query or operation.path.startswith("/internal/"):
        found.append(GenerationMode.NEGATIVE)
    return found


def tried(
    operation: schemathesis.APIOperation,
    mode: GenerationMode,
    headers: Callable[[], Mapping[str, str]],
    ids: Mapping[str, str],
) -> list[str]:
    failures: list[str] = []

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def attempt(case: schemathesis.Case) -> None:
        resource = operation.path.split("/")[3]
        if mode is GenerationMode.POSITIVE and "id" in case.path_parameters and resource in ids:
            case.path_parameters["id"] = ids[resource]
        response = case.call(headers=headers(), timeout=20)
        if response.status_code == 503:  # a busy machine's
            return
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            failures.extend(str(failure) for failure in group.exceptions)
        except Failure as failure:
            failures.append(str(failure))

    with suppress(Unsatisfiable):
        attempt()
    return failures
