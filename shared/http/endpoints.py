"""What an endpoint is: its route, its handler, and what its OpenAPI entry says of it, in one place."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from shared.errors import ServiceError
from shared.http.responses import problem

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RenderError = Callable[[ServiceError], web.Response]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query, header or path parameter, as OpenAPI describes it."""

    name: str
    location: str = "query"
    description: str = ""
    required: bool = False
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Response:
    """One response of an endpoint: what it means and, when it has a JSON body, its model."""

    description: str
    model: type[BaseModel] | None = None
    content_type: str = "application/json"
    schema: Mapping[str, Any] | None = None
    """For a body that no model describes (an object of any members, say)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method and path with their handler.

    `path` is aiohttp's (`/things/{id}`). `render_error` gives errors the protocol's own shape; RFC 9457 otherwise.
    `security` names an entry of the service's security schemes. `documented=False` leaves it out of OpenAPI.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str = ""
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: type[BaseModel] | None = None
    body_schema: Mapping[str, Any] | None = None
    body_content_types: tuple[str, ...] = ("application/json",)
    responses: Mapping[int, Response] = field(default_factory=dict)
    security: str = ""
    render_error: RenderError = problem
    documented: bool = True
    poll: bool = False
    """Whether it is called for ever by our own services: then its access lines are debug."""
    direct: bool = False
    """Whether plain requests take the direct way, see `shared.http.direct`: for a `path` without names, and a
    handler whose response has its body as bytes."""


def route_of(request: web.Request) -> str:
    """The path of the endpoint that gets the request, as `/admin/v1/companies/{id}`; "unmatched" for none.

    It names an endpoint in logs and audit lines, where the path itself may hold a secret.
    """
    resource = request.match_info.route.resource
    return "unmatched" if resource is None else resource.canonical
