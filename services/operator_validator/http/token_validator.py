"""The endpoints: the operator's protocol by GET and POST, and the gateway's own call."""

from aiohttp import web

from services.operator_validator.metrics import OperatorMetrics
from services.operator_validator.request_parsing import from_json, from_query
from services.operator_validator.validation import ValidationRequest, ValidationResult, Validator, mismatch_of_form
from shared.audit.ports import RefusalAudit
from shared.contracts.operator_validator import TokenCheck
from shared.contracts.usage.messages import Outcome
from shared.errors import Invalid, ServiceError
from shared.http.body import read, require_content_type
from shared.http.client_address import ClientAddresses
from shared.http.endpoints import route_of
from shared.http.middleware import REFUSED
from shared.http.responses import NO_STORE, error_headers, json_response, status_of
from shared.logging import request_id
from shared.report_only.report_only_set import ReportOnlySet
from shared.service_tokens import ServiceAuthenticator
from shared.usage.recorder import Usage

VALID = b'{"valid":true,"message":"Token is valid"}'
NOT_VALID = b'{"valid":false,"message":"Token is not valid"}'
JSON_NO_STORE = {"Content-Type": "application/json; charset=utf-8", **NO_STORE}
AREA = "api_tokens"
MAX_BODY_BYTES = 16384


class OperatorEndpoints:
    def __init__(
        self,
        validator: Validator,
        authenticator: ServiceAuthenticator,
        addresses: ClientAddresses,
        audit: RefusalAudit,
        metrics: OperatorMetrics,
        report_only_set: ReportOnlySet,
        usage: Usage,
    ) -> None:
        self._report_only_set = report_only_set
        self._usage = usage
        self._validator = validator
        self._authenticator = authenticator
        self._addresses = addresses
        self._audit = audit
        self._metrics = metrics

    async def get(self, request: web.Request) -> web.Response:
        """GET /OKIT.Operator.Api/api/tokenvalidator"""
        tokens = request.headers.getall("X-Api-Token", ())
        if len(tokens) > 1:
            raise Invalid.field("X-Api-Token", "is repeated")
        query = request.rel_url.raw_query_string
        return await self._public(request, from_query(query, tokens[0] if tokens else None))

    async def post(self, request: web.Request) -> web.Response:
        """POST /operator/v1/validate"""
        return await self._public(request, await _validation_request(request))

    async def check(self, request: web.Request) -> web.Response:
        """POST /internal/v1/check: the gateway counts its calls and unknown tokens itself, by route and address."""
        self._authenticator.require(request.headers.get("Authorization"), AREA)
        result = await self._validate(request, await _validation_request(request))
        return json_response(check_of(result).model_dump(), headers=NO_STORE)

    async def _public(self, request: web.Request, validation: ValidationRequest) -> web.Response:
        result = await self._validate(request, validation)
        record = result.record
        # The gateway counts its own calls.
        if self._report_only_set.trial_stops and result.valid and record is not None:
            self._report_only_set.count_stop(record.depends_on, record.company.id, request_id.get())
        route, client = route_of(request), self._addresses.of(request)
        if result.record is not None:
            outcome: Outcome = "accepted" if result.cause is None else "refused"
            token, cause = result.record, "" if result.cause is None else result.cause.value
            self._usage.count("api_token", token.id, token.version, route, outcome, cause, address=client)
        elif result.cause is not None:
            mismatch = mismatch_of_form(validation)
            self._audit.count_refusal(cause=result.cause, endpoint=route, client=client, mismatch=mismatch)
        return web.Response(body=VALID if result.valid else NOT_VALID, headers=JSON_NO_STORE)

    async def _validate(self, request: web.Request, validation: ValidationRequest) -> ValidationResult:
        result = await self._validator.validate(validation)
        if result.cause is not None:
            request[REFUSED] = result.cause.value
        self._metrics.checked(result.cause)
        return result


def render_error(error: ServiceError) -> web.Response:
    """The protocol's own shape, never `"valid":true`, with what is wrong as its message."""
    body = {"valid": False, "message": error.description}
    return json_response(body, status=status_of(error), headers=error_headers(error))


async def _validation_request(request: web.Request) -> ValidationRequest:
    require_content_type(request, "application/json")
    return from_json(await read(request, limit=MAX_BODY_BYTES))


def check_of(result: ValidationResult) -> TokenCheck:
    """Names whose token it is wherever it is known, valid or not."""
    cause = None if result.cause is None else result.cause.value
    check = TokenCheck(valid=result.valid, cause=cause, as_of=result.as_of, mark=result.mark)
    if (record := result.record) is None:
        return check
    return check.model_copy(
        update={
            "api_token_id": record.id,
            "company_id": record.company.id,
            "client_prefix": record.company.client_prefix,
            "application_id": record.application_id,
            "booking_id": record.booking_id,
            "remote_application": record.remote_application,
            "version": record.version,
            "expires_at": record.ends_at,
        }
    )
