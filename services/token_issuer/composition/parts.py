"""What the endpoints are made of, put together."""

from services.token_issuer import assertion_audiences
from services.token_issuer.clients.assertions import AssertionVerifier
from services.token_issuer.clients.authentication import ClientAuthenticator
from services.token_issuer.clients.throttle import WRONG_SECRET_WINDOW_S, WRONG_SECRETS_PREFIX, SecretThrottle
from services.token_issuer.clients.timing import RefusalTimeFloor
from services.token_issuer.composition.dependencies import Dependencies
from services.token_issuer.config import Settings
from services.token_issuer.diagnosis.access_tokens import AccessTokenDiagnosis
from services.token_issuer.diagnosis.assertions import AssertionDiagnosis
from services.token_issuer.grants import Grant, client_credentials, jwt_bearer
from services.token_issuer.http import endpoints
from services.token_issuer.http.client_and_token import ClientRequests
from services.token_issuer.http.diagnosis import DiagnosisEndpoint
from services.token_issuer.http.discovery import Discovery
from services.token_issuer.http.introspection import IntrospectionEndpoint
from services.token_issuer.http.revocation import RevocationEndpoint
from services.token_issuer.http.revoke_me import MAX_REQUESTS_A_MINUTE, RevokeMeEndpoint
from services.token_issuer.http.token import PROFILES, TokenEndpoint
from services.token_issuer.metadata import metadata
from services.token_issuer.metrics import IssuerMetrics
from services.token_issuer.refusals import Refusals
from services.token_issuer.signing import Keys
from services.token_issuer.storage.ports import UsedAssertions
from services.token_issuer.tokens.held import HeldCredentials
from services.token_issuer.tokens.introspection import Introspector, IssuedTokens
from services.token_issuer.tokens.issuance import TokenIssuer
from services.token_issuer.tokens.revocation import TokenRevoker
from services.token_issuer.usage import ClientUsage
from shared.clock import Clock
from shared.contracts.admin_api import AdminApiClient
from shared.failure_times import OwnTimesMeanwhile
from shared.failure_times.memory import MemoryFailureTimes
from shared.failure_times.redis import RedisFailureTimes
from shared.http.client_address import ClientAddresses
from shared.http.endpoints import Endpoint


class Parts:
    """What several endpoints share; what one alone needs is made beside it."""

    def __init__(
        self,
        settings: Settings,
        dependencies: Dependencies,
        keys: Keys,
        *,
        used: UsedAssertions,
        addresses: ClientAddresses,
        counts: IssuerMetrics,
        clock: Clock,
    ) -> None:
        self.settings, self.dependencies, self.keys, self.clock = settings, dependencies, keys, clock
        self.addresses, self.counts = addresses, counts
        self.follower = follower = dependencies.following.follower
        self.time_floor = RefusalTimeFloor(clock)
        self.assertions = AssertionVerifier(
            dependencies.key_pairs.get, used, self.time_floor, clock, lambda: follower.restored_at
        )
        self.audiences = assertion_audiences.of_grants(settings.issuer, settings.assertion_audiences)
        self.wrong_secrets = OwnTimesMeanwhile(
            RedisFailureTimes(dependencies.redis, prefix=WRONG_SECRETS_PREFIX, window_s=WRONG_SECRET_WINDOW_S),
            MemoryFailureTimes(),
            clock,
        )
        self.authenticator = ClientAuthenticator(
            dependencies.api_clients,
            self.assertions,
            SecretThrottle(self.wrong_secrets, clock),
            self.time_floor,
            clock,
            audiences=assertion_audiences.of_client_assertions(settings.issuer),
        )
        self.usage = ClientUsage(dependencies.usage)
        self.refusals = Refusals(dependencies.audit, counts.refused, self.usage)
        self.tokens = IssuedTokens(keys.ring, clock, issuer=settings.issuer)
        self.revoker = TokenRevoker(self.tokens, dependencies.registry, dependencies.stopped, dependencies.audit)

    def table(self) -> list[Endpoint]:
        introspector = Introspector(self.tokens, self.dependencies.stopped, self.follower.require_fresh)
        requests = ClientRequests(self.authenticator, self.addresses, self.refusals, self.usage)
        return endpoints(
            token_endpoints=self._token_endpoints(),
            introspection=IntrospectionEndpoint(requests, introspector),
            revocation=RevocationEndpoint(requests, self.revoker),
            diagnosis=self._diagnosis(),
            revoke_me=self._revoke_me(),
            discovery=Discovery(self.keys.ring, metadata(self.settings.issuer)),
        )

    def _token_endpoints(self) -> list[TokenEndpoint]:
        settings, report_only_set = self.settings, self.dependencies.report_only_set
        report_only = report_only_set.scopes
        grants: dict[str, Grant] = {
            client_credentials.GRANT_TYPE: client_credentials.ClientCredentials(report_only),
            jwt_bearer.GRANT_TYPE: jwt_bearer.JwtBearer(
                self.assertions, audiences=self.audiences, report_only=report_only
            ),
        }
        issuer = TokenIssuer(
            self.keys.ring,
            self.keys.pool,
            self.dependencies.audit,
            self.clock,
            issuer=settings.issuer,
            audience=settings.audience,
            lifetime=settings.token_lifetime,
        )
        return [
            TokenEndpoint(
                profile,
                grants=grants,
                authenticator=self.authenticator,
                issuer=issuer,
                addresses=self.addresses,
                refusals=self.refusals,
                counts=self.counts,
                report_only_set=report_only_set,
                limits=self.dependencies.limits,
                usage=self.usage,
            )
            for profile in PROFILES
        ]

    def _diagnosis(self) -> DiagnosisEndpoint:
        settings, dependencies = self.settings, self.dependencies
        assertions = AssertionDiagnosis(
            self.assertions,
            self.time_floor,
            self.clock,
            audiences=self.audiences,
            report_only=dependencies.report_only_set.scopes,
        )
        access_tokens = AccessTokenDiagnosis(
            self.keys.ring,
            dependencies.stopped,
            self.follower.require_fresh,
            self.clock,
            issuer=settings.issuer,
            audience=settings.audience,
        )
        return DiagnosisEndpoint(assertions, access_tokens, AdminApiClient(dependencies.admin_calls))

    def _revoke_me(self) -> RevokeMeEndpoint:
        dependencies = self.dependencies
        held = HeldCredentials(self.tokens, dependencies.registry, self.revoker, dependencies.stopped)
        throttle = SecretThrottle(self.wrong_secrets, self.clock, limit=MAX_REQUESTS_A_MINUTE)
        return RevokeMeEndpoint(held, throttle, self.time_floor, self.addresses, self.refusals)
