"""What the gateway knows, of which its decisions are made: put together from the clients of other services."""

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from gateway.config import NAME, Settings
from gateway.credentials.access_tokens import AccessTokens
from gateway.credentials.api_tokens import ApiTokens
from gateway.credentials.external.issuers import ExternalIssuers
from gateway.credentials.external.key_set_client import KeySetClient
from gateway.credentials.issuer_keys import IssuerKeys
from gateway.credentials.session_cache import SessionCache
from gateway.credentials.sessions_together import SessionsTogether
from gateway.credentials.staleness import Staleness
from gateway.metrics import GatewayMetrics
from gateway.proxy.live_exchanges import LiveExchanges
from gateway.routing.route_watch import RouteWatch
from shared.changes.observed_follower import Following, follow
from shared.changes.stopped_set import StoppedSet
from shared.clock import Clock
from shared.contracts import Caller
from shared.contracts.key_registry import KeyRegistryClient
from shared.contracts.operator_validator import OperatorValidatorClient
from shared.contracts.session_tokens import SessionTokensClient
from shared.contracts.token_issuer import TokenIssuerClient
from shared.limits.shares import Shares
from shared.limits.table import LimitTable


@dataclass(frozen=True)
class Knowledge:
    """What the gateway knows of keys, tokens and what has been stopped, and what keeps that true."""

    issuer_keys: IssuerKeys
    access_tokens: AccessTokens
    key_sets: KeySetClient
    external_issuers: ExternalIssuers
    api_tokens: ApiTokens
    sessions_together: SessionsTogether
    sessions: SessionCache
    stopped: StoppedSet
    staleness: Staleness
    live: LiveExchanges
    following: Following
    limits: LimitTable

    @property
    def resources(self) -> tuple[IssuerKeys, KeySetClient, ExternalIssuers, SessionsTogether, Following]:
        """To be started and stopped with the application."""
        return (self.issuer_keys, self.key_sets, self.external_issuers, self.sessions_together, self.following)


def knowledge(
    settings: Settings,
    calls: Mapping[str, Caller],
    *,
    gateway_metrics: GatewayMetrics,
    metrics: CollectorRegistry,
    clock: Clock,
    judging: Clock,
    watch: RouteWatch,
    shares: Shares,
    usage_source: str,
) -> Knowledge:
    """`calls` are the clients of other services; whether a token has expired is decided by the `judging` clock."""
    issuer_keys = IssuerKeys(
        TokenIssuerClient(calls["token_issuer"]).jwks, clock, lambda: following.follower.report_soon()
    )
    stopped = StoppedSet(clock)
    api_tokens = ApiTokens(OperatorValidatorClient(calls["operator_validator"]), judging)
    sessions_together = SessionsTogether(SessionTokensClient(calls["session_tokens"]))
    sessions = SessionCache(sessions_together, judging)
    live = LiveExchanges(stopped, gateway_metrics.exchange_ended)
    limits = LimitTable(shares, clock)
    consumers = (stopped, api_tokens, sessions, issuer_keys, live, limits)
    key_registry = KeyRegistryClient(calls["key_registry"])
    following = follow(
        NAME,
        key_registry,
        consumers,
        settings,
        clock=clock,
        metrics=metrics,
        longest_bound=lambda: watch.table.max_staleness,
        signing_keys=issuer_keys.kids,
        usage_source=usage_source,
    )
    api_tokens.attach(following.follower)
    sessions.attach(following.follower)
    staleness = Staleness(following.follower, clock, gateway_metrics.stale_admission)
    live.attach(staleness)
    access_tokens = AccessTokens(issuer_keys, judging, issuer=settings.issuer)
    key_sets = KeySetClient()
    external_issuers = ExternalIssuers(
        lambda: watch.table, key_sets.fetch, clock, judging, gateway_metrics, own_remembers=access_tokens.remembers
    )
    return Knowledge(
        issuer_keys=issuer_keys,
        access_tokens=access_tokens,
        key_sets=key_sets,
        external_issuers=external_issuers,
        api_tokens=api_tokens,
        sessions_together=sessions_together,
        sessions=sessions,
        stopped=stopped,
        staleness=staleness,
        live=live,
        following=following,
        limits=limits,
    )
