"""What the issuer counts, beside what every service does."""

from functools import partial
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge

from services.token_issuer.oauth_errors import oauth_code
from services.token_issuer.signing_keys.may_sign import Progress
from services.token_issuer.signing_keys.states import KeyState, KeyStates
from shared.clock import Clock
from shared.errors import ServiceError
from shared.metrics import EventCounter


class IssuerMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._issued = EventCounter(registry, "tokens_issued", "Access tokens issued.", ("grant",))
        self._refused = EventCounter(
            registry, "token_requests_refused", "Requests refused, by OAuth error code.", ("error",)
        )

    def issued(self, grant: str) -> None:
        self._issued.inc(grant.rpartition(":")[2])

    def refused(self, error: ServiceError) -> None:
        self._refused.inc(oauth_code(error))


class _HasKeys(Protocol):
    @property
    def keys(self) -> KeyStates: ...


class _HasProgress(Protocol):
    progress: Progress | None


class SigningKeyMetrics:
    """The signing keys, as they are when the metrics are read."""

    def __init__(
        self, registry: CollectorRegistry, ring: _HasKeys, maintenance: _HasProgress, clock: Clock
    ) -> None:
        self._ring = ring
        self._maintenance = maintenance
        self._clock = clock
        keys = Gauge("signing_keys", "Signing keys, by state.", ("state",), registry=registry)
        for state in KeyState:
            keys.labels(state.value).set_function(partial(self._number, state))
        age = Gauge(
            "signing_key_age_seconds",
            "For how long the signing key has signed; 0 while none signs.",
            registry=registry,
        )
        waiting = Gauge(
            "signing_key_waiting_seconds",
            "How long the next signing key waits to sign; 0: none does.",
            registry=registry,
        )
        lacking = Gauge(
            "signing_key_gateways_lacking",
            "Processes of the gateway that lack the next signing key.",
            registry=registry,
        )
        age.set_function(self._age)
        waiting.set_function(self._waiting)
        lacking.set_function(self._lacking)

    def _number(self, state: KeyState) -> float:
        return len(self._ring.keys.having(state))

    def _age(self) -> float:
        signing = self._ring.keys.signing
        return 0.0 if signing is None else max(0.0, self._clock.now() - (signing.signing_since or 0.0))

    def _waiting(self) -> float:
        progress = self._maintenance.progress
        return 0.0 if progress is None else progress.waited

    def _lacking(self) -> float:
        progress = self._maintenance.progress
        return 0.0 if progress is None else len(progress.lacking)
