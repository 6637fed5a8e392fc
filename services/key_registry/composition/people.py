"""People, put together."""

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from services.key_registry.access.control import AccessControl
from services.key_registry.composition.openid_client import openid_client
from services.key_registry.config import Settings
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.people.factors import FactorEndpoints
from services.key_registry.http.people.invitations import AcceptanceEndpoints, InvitationEndpoints
from services.key_registry.http.people.me import MeEndpoints
from services.key_registry.http.people.openid import OpenIdEndpoints
from services.key_registry.http.people.passkeys import PasskeyEndpoints
from services.key_registry.http.people.password_resets import PasswordResetEndpoints
from services.key_registry.http.people.people import PeopleEndpoints
from services.key_registry.http.people.portal import PortalEndpoints
from services.key_registry.http.people.sessions import SessionEndpoints
from services.key_registry.http.people.table import PeopleHandlers
from services.key_registry.people.account.own_factors import OwnFactors
from services.key_registry.people.account.own_passkeys import OwnPasskeys
from services.key_registry.people.account.own_password import OwnPassword
from services.key_registry.people.account.own_sessions import OwnSessions
from services.key_registry.people.administration import PeopleAdministration
from services.key_registry.people.factors.second_step import SecondStep
from services.key_registry.people.factors.totp_secrets import TotpSecrets
from services.key_registry.people.invitations.acceptance import InvitationAcceptance
from services.key_registry.people.invitations.administration import Invitations
from services.key_registry.people.openid.authorization_flow import AuthorizationFlow
from services.key_registry.people.openid.provider import Provider
from services.key_registry.people.openid.schemas import SignInMethods
from services.key_registry.people.openid.sign_in import OpenIdSignIn
from services.key_registry.people.openid.states import States
from services.key_registry.people.passkeys.challenges import Challenges
from services.key_registry.people.passkeys.relying_party import RelyingParty
from services.key_registry.people.passkeys.sign_in import PasskeySignIn
from services.key_registry.people.password_resets.administration import PasswordResetAdministration
from services.key_registry.people.password_resets.following import PasswordResetFollowing
from services.key_registry.people.password_resets.issue import PasswordResetIssue
from services.key_registry.people.passwords import Passwords
from services.key_registry.people.portal.sessions import PortalSessions
from services.key_registry.people.ports import PeopleStore
from services.key_registry.people.reauthentication.fresh_sign_ins import FreshSignIns
from services.key_registry.people.reauthentication.openid import OpenIdReauthentication
from services.key_registry.people.reauthentication.reauthentication import Reauthentication
from services.key_registry.people.sealing import Seals
from services.key_registry.people.sessions.access import SessionAccess
from services.key_registry.people.sessions.opening import Lifetimes, SessionOpening
from services.key_registry.people.sessions.password_sign_in import PasswordSignIn
from services.key_registry.people.sessions.pending import PendingSignIns
from services.key_registry.people.sign_in_policy import SignInPolicy
from services.key_registry.people.throttle import FAILURES_PREFIX, FAILURES_WINDOW_S, SignInThrottle
from services.key_registry.storage.openid_provider import HttpProviderClient
from services.key_registry.storage.postgres.people.accounts import PostgresSessionUse
from services.key_registry.storage.postgres.people.pruning import prune_people
from shared.audit.trail import AuditTrail
from shared.clock import Clock
from shared.failure_times import OwnTimesMeanwhile
from shared.failure_times.memory import MemoryFailureTimes
from shared.failure_times.redis import RedisFailureTimes
from shared.http.client_address import ProvenClientAddresses
from shared.postgres.pool import Database
from shared.redis import PipelinedRedis
from shared.sealed_box import SealedBox, read_key


class _Sealing(NamedTuple):
    """All is under one key. Without it there is nothing that another process, or this one later, has to open."""

    totp_secrets: TotpSecrets
    pending: PendingSignIns
    challenges: Challenges | None
    states: States | None
    fresh_sign_ins: FreshSignIns | None

    @classmethod
    def under(cls, key_file: Path | None) -> "_Sealing":
        """None: sign-ins that wait for a code are of this process alone."""
        if key_file is None:
            return cls(TotpSecrets(None), PendingSignIns(Seals.of_this_process()), None, None, None)
        box = SealedBox(read_key(key_file))
        seals = Seals(box)
        return cls(TotpSecrets(box), PendingSignIns(seals), Challenges(seals), States(seals), FreshSignIns(seals))


class People:
    """`resources` are to be started and stopped with the application; `authentication` is that of all endpoints."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        redis: PipelinedRedis,
        store: PeopleStore,
        access: AccessControl,
        trail: AuditTrail,
        clock: Clock,
        *,
        name: str,
    ) -> None:
        self._database, self._store, self._access, self._trail, self._clock = database, store, access, trail, clock
        self._console_url = settings.console_url
        self._policy = SignInPolicy(settings.openid_required_for)
        self._lifetimes = Lifetimes(
            idle=timedelta(seconds=settings.person_session_idle_timeout),
            longest=timedelta(seconds=settings.person_session_lifetime),
        )
        self._throttle = _throttle(redis, clock)
        self._sealing = _Sealing.under(settings.webhook_key_file)
        self._opening = SessionOpening(self._lifetimes, self._sealing.pending, trail)
        self.passwords = Passwords()
        self.addresses = ProvenClientAddresses.from_file(settings.service_jwks_file, callee=name, clock=clock)
        self.authentication = Authentication(access, self._session_access(), trail)
        client, http = openid_client(settings), HttpProviderClient()
        provider = None if client is None else Provider(client, http, clock)
        self.resources = (self.passwords, http, *(() if provider is None else (provider,)))
        self._openid_flow = AuthorizationFlow(provider, self._sealing.states, self._throttle, clock)
        self._reauthentication = Reauthentication(
            store,
            self.passwords,
            self._throttle,
            self._sealing.totp_secrets,
            self._sealing.fresh_sign_ins,
            trail,
            clock,
        )
        methods = SignInMethods(
            openid_name=None if client is None else client.name, openid_required_for=settings.openid_required_for
        )
        self.handlers = self._handlers(methods)

    async def prune(self, now: float) -> None:
        """Delete sessions and links that ended long ago. Raises `Unavailable`."""
        await prune_people(self._database, now)

    def _session_access(self) -> SessionAccess:
        uses = PostgresSessionUse(self._database)
        return SessionAccess(self._store, uses, self._trail, self._clock, idle_timeout=self._lifetimes.idle)

    def _handlers(self, methods: SignInMethods) -> PeopleHandlers:
        store, access, clock = self._store, self._access, self._clock
        acceptance = InvitationAcceptance(store, self.passwords, self._throttle, self._opening, self._policy, clock)
        invitations = Invitations(store, access, clock, console_url=self._console_url)
        own_password = OwnPassword(self._reauthentication, self.passwords, self._policy)
        return PeopleHandlers(
            invitations=InvitationEndpoints(invitations, self.authentication),
            acceptance=AcceptanceEndpoints(acceptance, self._trail, self.addresses),
            sessions=self._sessions(),
            people=PeopleEndpoints(PeopleAdministration(store, access, clock), self.authentication),
            me=MeEndpoints(own_password, self.authentication, self.addresses),
            portal=self._portal(),
            factors=self._factors(),
            passkeys=self._passkeys(),
            openid=self._openid(acceptance, methods),
            password_resets=self._password_resets(),
        )

    def _sessions(self) -> SessionEndpoints:
        store, clock = self._store, self._clock
        sign_in = PasswordSignIn(store, self.passwords, self._throttle, self._opening, self._policy, clock)
        own = OwnSessions(store, clock, idle_timeout=self._lifetimes.idle)
        return SessionEndpoints(sign_in, own, self.authentication, self._trail, self.addresses)

    def _portal(self) -> PortalEndpoints:
        sessions = PortalSessions(
            self._store,
            self._access,
            self._clock,
            idle_timeout=self._lifetimes.idle,
            console_url=self._console_url,
        )
        return PortalEndpoints(sessions, self.authentication, self._trail, self.addresses)

    def _factors(self) -> FactorEndpoints:
        store, clock, secrets = self._store, self._clock, self._sealing.totp_secrets
        issuer, policy = self._openid_flow.issuer, self._policy
        own = OwnFactors(store, self._reauthentication, secrets, clock, openid_issuer=issuer, policy=policy)
        second_step = SecondStep(store, self._throttle, self._sealing.pending, secrets, self._opening, clock)
        return FactorEndpoints(own, second_step, self.authentication, self._trail, self.addresses)

    def _passkeys(self) -> PasskeyEndpoints:
        store, party, challenges = self._store, RelyingParty.of_url(self._console_url), self._sealing.challenges
        own = OwnPasskeys(store, self._reauthentication, party, challenges, self._clock)
        sign_in = PasskeySignIn(store, party, challenges, self._opening, self._policy, self._clock)
        return PasskeyEndpoints(own, sign_in, self.authentication, self._trail, self.addresses)

    def _openid(self, acceptance: InvitationAcceptance, methods: SignInMethods) -> OpenIdEndpoints:
        store, flow, clock = self._store, self._openid_flow, self._clock
        sign_in = OpenIdSignIn(store, flow, acceptance, self._opening, clock)
        reauthentication = OpenIdReauthentication(store, flow, self._sealing.fresh_sign_ins, clock)
        return OpenIdEndpoints(sign_in, reauthentication, methods, self.authentication, self._trail, self.addresses)

    def _password_resets(self) -> PasswordResetEndpoints:
        issue = PasswordResetIssue(self._clock, self._policy, console_url=self._console_url)
        administration = PasswordResetAdministration(self._store, self._access, issue, self._clock)
        following = PasswordResetFollowing(self._store, self.passwords, self._clock, self._policy)
        return PasswordResetEndpoints(administration, following, self.authentication, self._trail, self.addresses)


def _throttle(redis: PipelinedRedis, clock: Clock) -> SignInThrottle:
    """While Valkey is unavailable each registry counts for itself."""
    shared = RedisFailureTimes(redis, prefix=FAILURES_PREFIX, window_s=FAILURES_WINDOW_S)
    return SignInThrottle(OwnTimesMeanwhile(shared, MemoryFailureTimes(), clock), clock)
