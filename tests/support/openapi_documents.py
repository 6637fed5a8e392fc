"""The OpenAPI document of every service, from its table of endpoints, without a service that runs."""

import inspect
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any
from unittest.mock import MagicMock

import gateway.http
import services.key_registry.http
import services.operator_validator.http
import services.sample_resources.http
import services.session_tokens.http
import services.token_issuer.http
from services.key_registry.catalog.resources import RESOURCES
from services.key_registry.http.objects import ResourceEndpoints
from services.key_registry.http.rotation import RotationEndpoints
from services.token_issuer.http.token import PROFILES
from shared.http.docs import INTERNAL
from shared.http.endpoints import Endpoint
from shared.http.openapi import openapi_document

Table = Callable[..., Sequence[Endpoint]]


@cache
def documents() -> dict[str, dict[str, Any]]:
    """By name, with those of a service's own that others may not call as `<name>_internal`."""
    issuer = services.token_issuer.http
    found = {
        "gateway": openapi_document("gateway", _table(gateway.http.endpoints), {}),
        "sample_resources": openapi_document(
            "sample_resources", _table(services.sample_resources.http.endpoints), {}
        ),
        "token_issuer": openapi_document(
            "token_issuer",
            _table(issuer.endpoints, token_endpoints=[MagicMock(profile=profile) for profile in PROFILES]),
            issuer.SECURITY_SCHEMES,
        ),
        **_registry(),
    }
    for module in (services.operator_validator.http, services.session_tokens.http):
        name = module.__name__.split(".")[1]
        found[name] = openapi_document(name, _table(module.endpoints), module.SECURITY_SCHEMES)
    return found


def public_documents() -> dict[str, dict[str, Any]]:
    """Those of which somebody makes a client."""
    return {name: document for name, document in documents().items() if not name.endswith("_internal")}


def _registry() -> dict[str, dict[str, Any]]:
    registry = services.key_registry.http
    anything = MagicMock()
    table = _table(
        registry.endpoints,
        resources=[ResourceEndpoints(r, anything, anything, anything) for r in RESOURCES.values()],
        rotations=[RotationEndpoints(r, anything, anything) for r in RESOURCES.values() if r.secret is not None],
    )
    parts = {
        "key_registry": [e for e in table if not e.path.startswith(INTERNAL)],
        "key_registry_internal": [e for e in table if e.path.startswith(INTERNAL)],
    }
    return {name: openapi_document(name, part, registry.SECURITY_SCHEMES) for name, part in parts.items()}


def _table(endpoints: Table, **given: Any) -> Sequence[Endpoint]:
    """`endpoints` with handlers that nobody calls, where none is given."""
    return endpoints(**{name: given.get(name, MagicMock()) for name in inspect.signature(endpoints).parameters})
