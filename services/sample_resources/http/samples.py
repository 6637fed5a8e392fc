"""The sample endpoints: each returns a fixed sample and who called."""

from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from services.sample_resources.caller import caller
from services.sample_resources.sms import Message, SmsApi
from shared.errors import Invalid
from shared.http.body import json_model
from shared.http.responses import NO_STORE, json_response

SITE = {"id": "site-1", "name": "Sample site", "timezone": "Europe/Berlin", "meters": 3}
YACHTS = [
    {"uri": "yacht::sample::1", "name": "Sample Aurora", "length_m": 42.0, "cabins": 5},
    {"uri": "yacht::sample::2", "name": "Sample Borealis", "length_m": 31.5, "cabins": 4},
]
MAX_PARAMETERS = 1000


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
        await self._sms.admit(_single_header(request, "X-Api-Token"), _single_header(request, "X-Client-Prefix"))
        accepted = self._sms.send(await json_model(request, Message))
        return json_response(accepted.model_dump(), status=202, headers=NO_STORE)


def _sample(request: web.Request, **content: Any) -> web.Response:
    return json_response({"sample": True, **content, "caller": caller(request.headers)}, headers=NO_STORE)


def _single_header(request: web.Request, header: str) -> str | None:
    """The header's value; None when it is absent or repeated."""
    values = request.headers.getall(header, ())
    return values[0] if len(values) == 1 else None


def _parameters(query: str) -> dict[str, str]:
    """The query's parameters; of a repeated name, the last value."""
    try:
        query.encode("utf-8")
        return dict(parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS))
    except UnicodeError:
        raise Invalid("the query is not percent-encoded UTF-8") from None
    except ValueError:
        raise Invalid(f"there are more than {MAX_PARAMETERS} parameters") from None
