"""The endpoints of the sample services."""

from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from pydantic import BaseModel

from services.sample_resources.caller import caller
from services.sample_resources.sms import Accepted, Message, SmsApi
from shared.errors import Invalid
from shared.http.body import json_model
from shared.http.endpoints import Endpoint, Parameter, Response
from shared.http.responses import NO_STORE, json_response

SITE = {"id": "site-1", "name": "Sample site", "timezone": "Europe/Berlin", "meters": 3}
YACHTS = [
    {"uri": "yacht::sample::1", "name": "Sample Aurora", "length_m": 42.0, "cabins": 5},
    {"uri": "yacht::sample::2", "name": "Sample Borealis", "length_m": 31.5, "cabins": 4},
]
MAX_PARAMETERS = 1000


class Caller(BaseModel):
    """Who called, as the gateway told."""

    company: str | None = None
    credential: str | None = None
    credential_kind: str | None = None
    subject: str | None = None
    scope: str | None = None
    request_id: str | None = None


class Sample(BaseModel):
    sample: bool
    caller: Caller


class Site(Sample):
    site: dict[str, Any]


class Yachts(Sample):
    yachts: list[dict[str, Any]]


class Editor(Sample):
    parameters: dict[str, str]


class SampleEndpoints:
    def __init__(self, sms: SmsApi) -> None:
        self._sms = sms

    async def site(self, request: web.Request) -> web.Response:
        """GET /v2.0/site"""
        return _sample(request, site=SITE)

    async def yachts(self, request: web.Request) -> web.Response:
        """GET /website/v1/yachts"""
        return _sample(request, yachts=YACHTS)

    async def editor(self, request: web.Request) -> web.Response:
        """GET /editor"""
        return _sample(request, parameters=_parameters(request.rel_url.raw_query_string))

    async def send_message(self, request: web.Request) -> web.Response:
        """POST /sms/v1/messages"""
        await self._sms.admit(_only(request, "X-Api-Token"), _only(request, "X-Client-Prefix"))
        accepted = self._sms.send(await json_model(request, Message))
        return json_response(accepted.model_dump(), status=202, headers=NO_STORE)


def endpoints(handlers: SampleEndpoints) -> list[Endpoint]:
    return [
        Endpoint(
            "GET",
            "/v2.0/site",
            handlers.site,
            "A site (scope site:read at the gateway)",
            responses={200: Response("The site and the caller.", Site)},
        ),
        Endpoint(
            "GET",
            "/website/v1/yachts",
            handlers.yachts,
            "Yachts (scope website:read:yachts at the gateway)",
            responses={200: Response("The yachts and the caller.", Yachts)},
        ),
        Endpoint(
            "GET",
            "/editor",
            handlers.editor,
            "An editor that shows the parameters of its URL",
            description="Through the gateway, these are the ones that the session token stands for.",
            responses={200: Response("The parameters, in their order, and the caller.", Editor)},
        ),
        Endpoint(
            "POST",
            "/sms/v1/messages",
            handlers.send_message,
            "Send a message, if the operator says that the token is good",
            parameters=(
                Parameter("X-Api-Token", "header", "The company's API token.", required=True),
                Parameter("X-Client-Prefix", "header", "The company's prefix.", required=True),
            ),
            body=Message,
            responses={
                202: Response("Accepted.", Accepted),
                401: Response("No token, or no prefix."),
                403: Response("The operator says that the token is not valid."),
                422: Response("A member is wrong: which one."),
                503: Response("The operator does not answer; see Retry-After."),
            },
        ),
    ]


def _sample(request: web.Request, **content: Any) -> web.Response:
    return json_response({"sample": True, **content, "caller": caller(request.headers)}, headers=NO_STORE)


def _only(request: web.Request, header: str) -> str | None:
    values = request.headers.getall(header, ())
    return values[0] if len(values) == 1 else None


def _parameters(query: str) -> dict[str, str]:
    """The query's parameters; of a name that comes more than once, the last."""
    try:
        query.encode("utf-8")
        return dict(parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS))
    except UnicodeError:
        raise Invalid("the query is not percent-encoded UTF-8") from None
    except ValueError:
        raise Invalid(f"there are more than {MAX_PARAMETERS} parameters") from None
