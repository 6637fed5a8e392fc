"""Credentials that end."""

from typing import Any

from services.key_registry.access.presentation import Object
from services.key_registry.catalog.resources import (
    API_TOKEN,
    Resource,
)
from tests.support.harness.registry_rules import Desk


async def created(desk: Desk, resource: Resource, **members: Any) -> Object:
    company = await desk.company()
    of: dict[str, Any] = {"company_id": company["id"]}
    if resource is API_TOKEN:
        of = {"booking_id": (await desk.booking(company))["id"]}
    bodies: dict[str, dict[str, Any]] = {
        "api_token": {"remote_application": "Shop"},
        "access_key": {"name": "x"},
        "api_client": {"comment": "x", "scopes": []},
        "key_pair": {"scopes": [], "algorithm": "EdDSA"},
        "admin_token": {"name": "x", "role": "viewer"},
    }
    return await desk.create(resource, **of, **bodies[resource.kind], **members)
