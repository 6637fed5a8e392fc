"""People, put together."""

from datetime import timedelta

from services.key_registry.admin.access import AccessControl
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
from services.key_registry.people.administration import PeopleAdministration
from services.key_registry.people.factors.confirmation import Confirmation
from services.key_registry.people.factors.own_factors import OwnFactors
from services.key_registry.people.factors.sealing import FactorSecrets
from services.key_registry.people.factors.second_step import SecondStep
from services.key_registry.people.invitations.acceptance import InvitationAcceptance
from services.key_registry.people.invitations.administration import Invitations
from services.key_registry.people.openid.confirmation import OpenIdConfirmation
from services.key_registry.people.openid.provider import Provider
from services.key_registry.people.openid.returns import Returns
from services.key_registry.people.openid.schemas import SignInMethods
from services.key_registry.people.openid.settings import openid_client
from services.key_registry.people.openid.sign_in import OpenIdSignIn
from services.key_registry.people.own_password import OwnPassword
from services.key_registry.people.passkeys.own_passkeys import OwnPasskeys
from services.key_registry.people.passkeys.relying_party import RelyingParty
from services.key_registry.people.passkeys.sign_in import PasskeySignIn
from services.key_registry.people.password_resets.following import PasswordResetFollowing
from services.key_registry.people.password_resets.issue import PasswordResetIssue
from services.key_registry.people.password_resets.links import PasswordResetLinks
from services.key_registry.people.passwords import Passwords
from services.key_registry.people.portal.sessions import PortalSessions
from services.key_registry.people.ports import PeopleStore
from services.key_registry.people.sessions.access import SessionAccess
from services.key_registry.people.sessions.opening import Lifetimes
from services.key_registry.people.sessions.own_sessions import OwnSessions
from services.key_registry.people.sessions.password_sign_in import PasswordSignIn
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
from shared.http.client_address import ClientAddress
from shared.postgres.pool import Database
from shared.redis import PipelinedRedis


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
        lifetimes = Lifetimes(
            idle=timedelta(seconds=settings.person_session_idle_timeout),
            longest=timedelta(seconds=settings.person_session_lifetime),
        )
        uses = PostgresSessionUse(database)
        session_access = SessionAccess(store, uses, trail, clock, idle_timeout=lifetimes.idle)
        self.authentication = Authentication(access, session_access, trail)
        self.addresses = ClientAddress.from_file(settings.service_jwks_file, callee=name, clock=clock)
        self.passwords = Passwords()
        shared = RedisFailureTimes(redis, prefix=FAILURES_PREFIX, window_s=FAILURES_WINDOW_S)
        throttle = SignInThrottle(OwnTimesMeanwhile(shared, MemoryFailureTimes(), clock), clock)
        policy = SignInPolicy(settings.openid_required_for)
        acceptance = InvitationAcceptance(store, self.passwords, throttle, clock, lifetimes, policy)
        secrets = FactorSecrets.from_file(settings.webhook_key_file)
        pending = secrets.pending_sign_ins()
        sign_in = PasswordSignIn(store, self.passwords, throttle, pending, trail, clock, lifetimes, policy)
        own_sessions = OwnSessions(store, clock, idle_timeout=lifetimes.idle)
        challenges = secrets.challenges
        confirmation = Confirmation(store, self.passwords, throttle, secrets, challenges, trail, clock)
        second_step = SecondStep(store, throttle, pending, secrets, trail, clock, lifetimes)
        party = RelyingParty.of_url(settings.console_url)
        own_passkeys = OwnPasskeys(store, confirmation, party, challenges, clock)
        passkeys = PasskeySignIn(store, party, challenges, trail, clock, lifetimes, policy)
        self.openid_client, client = HttpProviderClient(), openid_client(settings)
        provider = None if client is None else Provider(client, self.openid_client, clock)
        returns = Returns(provider, secrets.states, throttle, clock)
        own_factors = OwnFactors(store, confirmation, secrets, clock, openid_issuer=returns.issuer)
        openid = OpenIdSignIn(store, returns, acceptance, pending, trail, clock, lifetimes)
        fresh = OpenIdConfirmation(store, returns, challenges, clock)
        methods = SignInMethods(
            openid_name=None if client is None else client.name, openid_required_for=settings.openid_required_for
        )
        portal = PortalSessions(store, access, clock, idle_timeout=lifetimes.idle, console_url=settings.console_url)
        issue = PasswordResetIssue(clock, policy, console_url=settings.console_url)
        resets = PasswordResetLinks(store, access, issue, clock)
        following = PasswordResetFollowing(store, self.passwords, clock, policy)
        self.handlers = PeopleHandlers(
            InvitationEndpoints(Invitations(store, access, clock), self.authentication),
            AcceptanceEndpoints(acceptance, trail, self.addresses),
            SessionEndpoints(sign_in, own_sessions, self.authentication, trail, self.addresses),
            PeopleEndpoints(PeopleAdministration(store, access, clock), self.authentication),
            MeEndpoints(OwnPassword(confirmation, self.passwords), self.authentication, self.addresses),
            PortalEndpoints(portal, self.authentication, trail, self.addresses),
            FactorEndpoints(own_factors, second_step, self.authentication, trail, self.addresses),
            PasskeyEndpoints(own_passkeys, passkeys, self.authentication, trail, self.addresses),
            OpenIdEndpoints(openid, fresh, methods, self.authentication, trail, self.addresses),
            PasswordResetEndpoints(resets, following, self.authentication, trail, self.addresses),
        )
        self.resources = (self.passwords, self.openid_client, *(() if provider is None else (provider,)))
        self._database = database

    async def prune(self, now: float) -> None:
        """Delete sessions and links that ended long ago. Raises `Unavailable`."""
        await prune_people(self._database, now)
