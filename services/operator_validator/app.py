"""The operator, put together."""

from aiohttp import web
from prometheus_client import CollectorRegistry

from services.operator_validator.config import Settings
from services.operator_validator.http import SECURITY_SCHEMES, endpoints
from services.operator_validator.http.token_validator import OperatorEndpoints
from services.operator_validator.metrics import OperatorMetrics
from services.operator_validator.validation import Validator
from shared.audit.trail import AuditTrail
from shared.changes.cached_lookup import CachedLookup
from shared.changes.observed_follower import FollowingHealth, follow
from shared.clock import Clock, SystemClock
from shared.clock_offset import ClockOffsets, JudgingClock
from shared.contracts.key_registry import ApiToken, KeyRegistryClient
from shared.http.app import service_app
from shared.http.client import ServiceClient
from shared.http.client_address import ProvenClientAddresses
from shared.refusal_traces.service_refusals import ServiceRefusals
from shared.report_only.counts import ReportOnlyCounts
from shared.report_only.report_only_set import ReportOnlySet
from shared.service_tokens import ServiceAuthenticator, ServiceIdentity
from shared.usage.recorder import Usage

NAME = "operator_validator"


async def build_app(settings: Settings, *, clock: Clock | None = None) -> web.Application:
    clock = clock or SystemClock()
    metrics = CollectorRegistry()
    identity = ServiceIdentity.from_file(NAME, settings.service_key_file, clock)
    addresses = ProvenClientAddresses.from_file(settings.service_jwks_file, callee=NAME, clock=clock)
    offsets = ClockOffsets(clock, reference="key_registry", metrics=metrics)
    judging = JudgingClock(clock, offsets)
    registry_calls = ServiceClient(
        settings.key_registry_url,
        authorization=identity.authorization_for("key_registry"),
        peer_clock=offsets.peer("key_registry"),
    )
    registry = KeyRegistryClient(registry_calls)
    api_tokens: CachedLookup[bytes, ApiToken] = CachedLookup(registry.api_token)
    usage = Usage.reported_over(registry_calls, clock=clock, metrics=metrics)
    following = follow(
        NAME, registry, (api_tokens,), settings, clock=clock, metrics=metrics, usage_source=usage.source
    )
    follower = following.follower
    api_tokens.attach(follower)
    audit = AuditTrail(registry, service=NAME, clock=clock, metrics=metrics)
    authenticator = ServiceAuthenticator.from_file(
        settings.service_jwks_file, callee=NAME, clock=clock, on_refusal=audit.count_service_refusal
    )

    report_only = ReportOnlyCounts(registry, clock=clock, metrics=metrics)
    report_only_set = ReportOnlySet(registry, report_only, clock)
    validator = Validator(api_tokens, follower, audit, judging)
    handlers = OperatorEndpoints(
        validator, authenticator, addresses, audit, OperatorMetrics(metrics), report_only_set, usage
    )
    health = FollowingHealth(NAME, follower, offsets)
    return service_app(
        NAME,
        endpoints(handlers),
        health=health,
        metrics=metrics,
        addresses=addresses,
        traces=ServiceRefusals(registry, service=NAME, clock=clock, metrics=metrics),
        now=clock.now,
        resources=(registry_calls, audit, usage, following, report_only, report_only_set),
        security_schemes=SECURITY_SCHEMES,
        description="Whether an API token is valid for a company and an application.",
    )
