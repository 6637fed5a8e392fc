"""OpenAPI 3.1, generated from the endpoints and their models."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.http.endpoints import Endpoint, Parameter, Response

SCHEMAS = "#/components/schemas/"
_PATH_PARAMETER = re.compile(r"{(\w+)(?::[^}]*)?}")
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "A page on problems of this code.", "examples": ["about:blank"]},
        "title": {"type": "string", "description": "The kind of problem, in words.", "examples": ["Not found"]},
        "status": {"type": "integer", "description": "The HTTP status.", "examples": [404]},
        "code": {"type": "string", "description": "A stable word for programs.", "examples": ["not_found"]},
        "detail": {
            "type": "string",
            "description": "What is wrong with this request.",
            "examples": ["there is no such company"],
        },
        "request_id": {
            "type": "string",
            "description": "The request's id, under which the logs and the audit trail have more.",
            "examples": ["4f2a9c0b7d1e4e0c"],
        },
        "errors": {
            "type": "array",
            "description": "Each member or parameter that is invalid.",
            "examples": [[{"field": "name", "message": "must not be empty"}]],
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string", "description": "Its name.", "examples": ["name"]},
                    "message": {"type": "string", "description": "Why.", "examples": ["must not be empty"]},
                },
            },
        },
    },
}


def openapi_document(
    title: str, endpoints: Sequence[Endpoint], security_schemes: Mapping[str, Any], description: str = ""
) -> dict[str, Any]:
    """The OpenAPI 3.1 document of `endpoints`, without those that are not `documented`."""
    shown = [endpoint for endpoint in endpoints if endpoint.documented]
    references, definitions = _schemas(shown)
    paths: dict[str, Any] = {}
    for endpoint in shown:
        path = _PATH_PARAMETER.sub(r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Passgate {title}", "version": "1", "description": description},
        "paths": paths,
        "components": {
            "schemas": {**definitions, "Problem": PROBLEM},
            "securitySchemes": dict(security_schemes),
        },
    }


def _schemas(endpoints: Sequence[Endpoint]) -> tuple[Mapping[type[BaseModel], Any], Mapping[str, Any]]:
    requests = frozenset(e.body for e in endpoints if e.body is not None)
    responses = frozenset(r.model for e in endpoints for r in e.responses.values() if r.model is not None)
    return _schemas_of(requests, responses)


@lru_cache
def _schemas_of(
    requests: frozenset[type[BaseModel]], responses: frozenset[type[BaseModel]]
) -> tuple[Mapping[type[BaseModel], Any], Mapping[str, Any]]:
    """Takes some hundred milliseconds for many models, and an application is put together often in tests."""
    models = [(m, "validation") for m in _by_name(requests)]
    models += [(m, "serialization") for m in _by_name(responses - requests)]
    found, document = models_json_schema(models, ref_template=SCHEMAS + "{model}")  # type: ignore[arg-type]
    references: dict[Any, Any] = {model: schema for (model, _), schema in found.items()}
    return references, document.get("$defs", {})


def _by_name(models: frozenset[type[BaseModel]]) -> list[type[BaseModel]]:
    return sorted(models, key=lambda model: model.__name__)


def _operation(endpoint: Endpoint, references: Mapping[type[BaseModel], Any]) -> dict[str, Any]:
    in_path = [
        Parameter(name, "path", required=True)
        for name in _PATH_PARAMETER.findall(endpoint.path)
        if not any(p.name == name and p.location == "path" for p in endpoint.parameters)
    ]
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{endpoint.method.lower()}{endpoint.path}").strip("_"),
        "summary": endpoint.summary,
        "parameters": [_parameter(p) for p in (*in_path, *endpoint.parameters)],
        "responses": {str(status): _response(r, references) for status, r in endpoint.responses.items()}
        or {"200": {"description": "Success"}},
    }
    if endpoint.tag:
        operation["tags"] = [endpoint.tag]
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.security:
        operation["security"] = [{endpoint.security: []}]
    schema = references[endpoint.body] if endpoint.body else endpoint.body_schema
    if schema is not None:
        # One type in the document: generators make of several a union, of which the usual one for Python fails.
        first, *others = endpoint.body_content_types
        operation["requestBody"] = {"required": True, "content": {first: {"schema": schema}}}
        if others:
            also = " or ".join(f"`{content_type}`" for content_type in others)
            operation["requestBody"]["description"] = f"The same is taken as {also}."
    return operation


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.location,
        "description": parameter.description,
        "required": parameter.required or parameter.location == "path",
        "schema": dict(parameter.schema),
    }


def _response(described: Response, references: Mapping[type[BaseModel], Any]) -> dict[str, Any]:
    schema = references[described.model] if described.model else described.schema
    response: dict[str, Any] = {"description": described.description}
    if schema is not None:
        response["content"] = {described.content_type: {"schema": schema}}
    return response
