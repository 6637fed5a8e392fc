"""People who are sent to the OpenID provider, and what their browsers bring back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from services.key_registry.people.links import LinkInvalid
from services.key_registry.people.openid.id_token import InvalidIdToken, VerifiedSubject, verified
from services.key_registry.people.openid.provider import CodeRefused, Provider
from services.key_registry.people.openid.states import State, States
from services.key_registry.people.ports import Person
from services.key_registry.people.refusals import RefusedForCause
from services.key_registry.people.sealing import InvalidSeal, OpenedSeal
from services.key_registry.people.throttle import SignInThrottle
from shared.clock import Clock
from shared.errors import Conflict, Unauthenticated, Unavailable


@dataclass(frozen=True, slots=True)
class BegunOpenId:
    url: str = field(repr=False)
    """Of the provider, for the browser."""
    token: str = field(repr=False)
    """For the browser to keep: without it nobody returns."""


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """What a browser brings back from the provider (OpenID Connect Core section 3.1.2.5), and the token it kept.

    `issuer` empty: the response had no `iss`.
    """

    token: str = field(repr=False)
    state: str
    code: str = field(repr=False)
    issuer: str


@dataclass(frozen=True, slots=True)
class Authorized:
    """What was begun, who has come back, and what uses that up."""

    state: State
    seal: OpenedSeal
    subject: VerifiedSubject


class OpenIdRefused(RefusedForCause, Unauthenticated):
    """One text for every cause; `cause` is for the log."""

    code = "openid_refused"

    def __init__(self, cause: str, person: Person | None = None) -> None:
        super().__init__(
            "the OpenID provider's response was not accepted, or its e-mail address has no account", cause=cause
        )
        self.person = person


class AuthorizationFlow:
    """`provider` or `states` None: there is no provider, and each method raises `Conflict`."""

    def __init__(
        self, provider: Provider | None, states: States | None, throttle: SignInThrottle, clock: Clock
    ) -> None:
        self._provider = provider
        self._states = states
        self._throttle = throttle
        self._clock = clock

    @property
    def issuer(self) -> str | None:
        """None: there is no provider."""
        return None if self._provider is None or self._states is None else self._provider.client.issuer

    async def begin(self, *, invitation: str = "", session: str = "") -> BegunOpenId:
        """Nothing is written. `session`: of whom the provider is to ask anew who they are.

        Raises `Unavailable` and `Conflict`.
        """
        provider, states = self._provider_and_states()
        token, state = states.begin(invitation, self._clock.now(), session)
        url = await provider.authorization_url(state.state, state.nonce, state.code_challenge, anew=bool(session))
        return BegunOpenId(url, token)

    @asynccontextmanager
    async def callback(
        self, response: AuthorizationResponse, address_block: str, *, session: str = ""
    ) -> AsyncIterator[Authorized]:
        """What was begun, for this `session`, and who has come back, for what is done with it within.

        Attempts from one address count as failed sign-ins do, since each is a call to the provider. Raises
        `OpenIdRefused`, `TooManySignIns`, `Unavailable` and `Conflict`.
        """
        provider, states = self._provider_and_states()
        try:
            state, seal = states.verify(response.token, response.state, self._clock.now())
        except InvalidSeal:
            raise OpenIdRefused("state") from None
        if state.session != session:
            raise OpenIdRefused("state_of_something_else")
        named = bool(response.issuer) or (await provider.metadata()).names_issuer
        if named and response.issuer != provider.client.issuer:
            raise OpenIdRefused("response_of_another_issuer")
        if not response.code:
            raise OpenIdRefused("cancelled")
        attempt = await self._throttle.begin(None, address_block)
        try:
            token = await provider.id_token(response.code, state.code_verifier)
            since = state.begun_at if session else None
            subject = await verified(token, provider, state.nonce, self._clock.now(), since)
            yield Authorized(state, seal, subject)
        except (Unavailable, LinkInvalid):
            await self._throttle.release(attempt)
            raise
        except (CodeRefused, InvalidIdToken) as error:
            cause = error.args[0] if isinstance(error, InvalidIdToken) else "code"
            raise OpenIdRefused(cause) from None
        await self._throttle.succeeded(attempt)

    def _provider_and_states(self) -> tuple[Provider, States]:
        if self._provider is None or self._states is None:
            raise Conflict("the registry has no PASSGATE_OPENID_ISSUER")
        return self._provider, self._states
