"""The sample services, put together."""

from aiohttp import web
from prometheus_client import CollectorRegistry

from services.sample_resources.config import Settings
from services.sample_resources.http import endpoints
from services.sample_resources.http.samples import SampleEndpoints
from services.sample_resources.sms import SmsApi
from shared.contracts.operator_validator import OperatorValidatorClient
from shared.http.app import service_app
from shared.http.client import ServiceClient
from shared.http.health import Health

NAME = "sample_resources"


async def build_app(settings: Settings) -> web.Application:
    operator_calls = ServiceClient(settings.operator_validator_url)
    sms = SmsApi(
        OperatorValidatorClient(operator_calls),
        settings.application_prefix,
        token_in_query=settings.operator_token_in == "query",
    )

    async def operator_is_ready() -> None:
        await operator_calls.get("/health/ready")

    health = Health(NAME)
    health.add("operator_validator", operator_is_ready, required=False)
    return service_app(
        NAME,
        endpoints(SampleEndpoints(sms)),
        health=health,
        metrics=CollectorRegistry(),
        resources=(operator_calls,),
        description="Samples of what is behind the gateway. Nothing is real, nothing is kept.",
    )
