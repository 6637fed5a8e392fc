"""Client authentication (RFC 6749 section 2.3, RFC 7523 section 2.2): who is it, and can it prove that."""

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Protocol

from services.token_issuer.clients.assertions import (
    AssertionVerifier,
    InvalidAssertion,
    VerifiedAssertion,
)
from services.token_issuer.clients.client import EXPIRED, Client, stopped
from services.token_issuer.clients.client_proof import NO_PAIR, ClientProof
from services.token_issuer.clients.limits import Use
from services.token_issuer.clients.secrets import (
    NO_SECRET,
    CredentialFault,
    fault_of_key,
    fault_of_secret,
    presented_secret,
)
from services.token_issuer.clients.single_use import JTI_USED
from services.token_issuer.clients.throttle import SecretThrottle
from services.token_issuer.clients.timing import RefusalTimeFloor
from services.token_issuer.oauth_errors import (
    AUTHENTICATION_REQUIRED,
    AuthenticationFailed,
    InvalidClient,
    NoClient,
    Refusal,
)
from shared.clock import Clock
from shared.contracts.key_registry import ApiClient, ClientSecret
from shared.errors import Unavailable
from shared.jose import verifier
from shared.jose.header import CLIENT_AUTHENTICATION
from shared.opaque import (
    API_CLIENT_KEY,
    API_CLIENT_SECRET,
    claimed_prefix,
    well_formed,
    well_formed_id,
)

FAILED = "client authentication failed"


class ApiClients(Protocol):
    """Both raise `Unavailable`."""

    async def get(self, key: str) -> ApiClient | None: ...

    async def renewed(self, key: str) -> ApiClient | None:
        """As the registry has it now."""
        ...


class ClientAuthenticator:
    """All its refusals of a secret are the same bytes in the same time, so that ids cannot be probed."""

    def __init__(
        self,
        api_clients: ApiClients,
        assertions: AssertionVerifier,
        throttle: SecretThrottle,
        time_floor: RefusalTimeFloor,
        clock: Clock,
        *,
        audiences: frozenset[str],
    ) -> None:
        self._api_clients = api_clients
        self._assertions = assertions
        self._throttle = throttle
        self._time_floor = time_floor
        self._clock = clock
        self._audiences = audiences
        """What a client assertion may name as `aud`."""

    async def authenticate(
        self, given: ClientProof, *, address: str, use_later: Callable[[Use], None] | None = None
    ) -> Client:
        """The client that `given` proves.

        A client assertion is used up at once, unless `use_later` takes what does so. Raises `InvalidClient`,
        `TooManyWrongSecrets` and `Unavailable`.
        """
        if given.method == "private_key_jwt":
            return await self._by_assertion(given, use_later)
        if not given.proof:
            raise await self.without_secret(given.client_id, NO_PAIR)
        return await self._by_secret(given.client_id or "", given.proof, address)

    async def without_secret(self, client_id: str | None, said: str = AUTHENTICATION_REQUIRED) -> InvalidClient:
        """The refusal, as `said`, of a call that has this id and no proof; its trace names the client.

        It takes as long whether there is such a client or not, and is no guess at a secret. When clients cannot be
        looked up, it is refused without the name.
        """
        if not client_id or claimed_prefix(client_id) != f"{API_CLIENT_KEY}_":
            return NoClient(said)
        started, record = self._time_floor.start(), None
        if well_formed_id(API_CLIENT_KEY, client_id):
            with contextlib.suppress(Unavailable):
                record = await self._api_clients.get(client_id)
        subject = None if record is None else Client.of_api_client(record).audited
        await self._time_floor.wait_until_floor(started)
        return InvalidClient(said, cause=NO_SECRET.cause, subject=subject, mismatch=NO_SECRET.mismatch)

    async def _by_secret(self, client_id: str, secret: str, address: str) -> Client:
        started = self._time_floor.start()
        await self._throttle.check(address, client_id)
        record, known = await self._client_and_secret(client_id, secret)
        now = self._clock.now()
        ended = None if known is None else known.ended(now)
        if record is not None and known is not None and stopped(record, now) is None and ended is None:
            return Client.of_api_client(record, known)
        if known is None:
            await self._throttle.wrong(address, client_id)
        refusal = _refusal(client_id, secret, record, known, now)
        await self._time_floor.wait_until_floor(started)
        raise refusal

    async def _client_and_secret(self, client_id: str, secret: str) -> tuple[ApiClient | None, ClientSecret | None]:
        """The client, and which of its secrets was presented, each as far as there is one.

        A secret that may be newer than what is known of the client is looked up: it works from the rotation on.
        """
        if not well_formed_id(API_CLIENT_KEY, client_id):
            return None, presented_secret(None, secret)
        record = await self._api_clients.get(client_id)
        known = presented_secret(record, secret)
        if record is not None and known is None and well_formed(API_CLIENT_SECRET, secret):
            record = await self._api_clients.renewed(client_id)
            known = presented_secret(record, secret)
        return record, known

    async def _by_assertion(self, given: ClientProof, use_later: Callable[[Use], None] | None) -> Client:
        try:
            assertion = await self._assertions.verify(
                given.proof, audiences=self._audiences, typ=CLIENT_AUTHENTICATION
            )
        except InvalidAssertion as error:
            raise error.as_refusal(InvalidClient) from None
        client = assertion.client
        if given.client_id not in (None, client.client_id):
            raise InvalidClient("client_id must be the iss of the client_assertion", subject=client.audited)
        use = partial(self._use, assertion)
        if use_later is None:
            await use()
        else:
            use_later(use)
        return client

    async def _use(self, assertion: VerifiedAssertion) -> None:
        if not await self._assertions.single_use.use(assertion.client.public_id, assertion.claims):
            said = "the client_assertion's jti was used before"
            raise InvalidClient(said, cause=JTI_USED, subject=assertion.client.audited)


def refusal_of_expired(client: Client, kind: type[Refusal]) -> Refusal:
    """Of one that has expired since it proved who it is: reads as if it had expired before.

    `kind` is that of the refusals of its assertion. Its time says nothing that the proof did not.
    """
    subject = client.refused_for(EXPIRED)
    if client.kind == "api_client":
        return AuthenticationFailed(FAILED, cause=EXPIRED, subject=subject)
    return InvalidAssertion(verifier.unknown_kid(), subject=subject, cause=EXPIRED).as_refusal(kind)


def _refusal(
    client_id: str, secret: str, record: ApiClient | None, known: ClientSecret | None, now: float
) -> InvalidClient:
    """One and the same to whoever sent it; what was wrong with it is for its trace."""
    if record is None:
        fault, subject = fault_of_key(client_id), None
    elif known is None:
        fault, subject = fault_of_secret(secret), Client.of_api_client(record).audited
    else:
        fault = CredentialFault(stopped(record, now) or known.ended(now) or "")
        subject = Client.of_api_client(record, known).refused_for(fault.cause)
    return AuthenticationFailed(FAILED, cause=fault.cause, subject=subject, mismatch=fault.mismatch)
