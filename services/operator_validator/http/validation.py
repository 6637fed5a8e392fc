"""The endpoints: the operator's protocol by GET and POST, and the gateway's own call."""

from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from services.operator_validator.request_parsing import from_json, from_query
from services.operator_validator.validation import Cause, Question, Validator, Verdict
from shared.errors import Invalid, ServiceError
from shared.http.body import read, require_content_type
from shared.http.responses import NO_STORE, error_headers, json_response, status_of
from shared.service_tokens import ServiceAuthenticator

VALID = b'{"valid":true,"message":"Token is valid"}'
NOT_VALID = b'{"valid":false,"message":"Token is not valid"}'
JSON_NO_STORE = {"Content-Type": "application/json; charset=utf-8", **NO_STORE}
AREA = "api_tokens"
MAX_BODY = 16384


class OperatorEndpoints:
    def __init__(
        self, validator: Validator, authenticator: ServiceAuthenticator, metrics: CollectorRegistry
    ) -> None:
        self._validator = validator
        self._authenticator = authenticator
        checks = Counter("api_token_checks", "API tokens checked.", ("outcome",), registry=metrics)
        self._counters = {cause: checks.labels(cause or "valid") for cause in (None, *Cause)}

    async def get(self, request: web.Request) -> web.Response:
        """GET /OKIT.Operator.Api/api/tokenvalidator"""
        tokens = request.headers.getall("X-Api-Token", ())
        if len(tokens) > 1:
            raise Invalid.field("X-Api-Token", "is given more than once")
        query = request.rel_url.raw_query_string
        return _response(await self._check(from_query(query, tokens[0] if tokens else None)))

    async def post(self, request: web.Request) -> web.Response:
        """POST /operator/v1/validate"""
        return _response(await self._check(await _question(request)))

    async def check(self, request: web.Request) -> web.Response:
        """POST /internal/v1/check"""
        self._authenticator.require(request.headers.get("Authorization"), AREA)
        verdict = await self._check(await _question(request))
        return json_response(_told(verdict), headers=NO_STORE)

    async def _check(self, question: Question) -> Verdict:
        verdict = await self._validator.check(question)
        self._counters[verdict.cause].inc()
        return verdict


def render_error(error: ServiceError) -> web.Response:
    """The protocol's answer, never `"valid":true`, with what is wrong as its message."""
    body = {"valid": False, "message": error.description}
    return json_response(body, status=status_of(error), headers=error_headers(error))


async def _question(request: web.Request) -> Question:
    require_content_type(request, "application/json")
    return from_json(await read(request, limit=MAX_BODY))


def _response(verdict: Verdict) -> web.Response:
    return web.Response(body=VALID if verdict.valid else NOT_VALID, headers=JSON_NO_STORE)


def _told(verdict: Verdict) -> dict[str, Any]:
    record = verdict.record
    return {
        "valid": verdict.valid,
        "cause": verdict.cause,
        "as_of": verdict.as_of,
        "mark": verdict.mark,
        "api_token_id": record and record.id,
        "company_id": record and record.company.id,
        "client_prefix": record and record.company.client_prefix,
        "application_id": record and record.application_id,
        "booking_id": record and record.booking_id,
        "remote_application": record and record.remote_application,
        "expires_at": record and record.expires_at,
    }
