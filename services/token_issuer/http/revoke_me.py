"""Whoever holds a credential ends it."""

from aiohttp import web

from services.token_issuer.clients.throttle import SecretThrottle
from services.token_issuer.clients.timing import RefusalTimeFloor
from services.token_issuer.http.parameters import parameters
from services.token_issuer.http.responses import success
from services.token_issuer.metadata import REVOKE_ME_PATH
from services.token_issuer.oauth_errors import InvalidRequest, TooManyWrongSecrets
from services.token_issuer.refusals import Refusals
from services.token_issuer.tokens.held import HeldCredentials
from shared.addresses.block import address_block
from shared.errors import TooManyRequests
from shared.http.client_address import ClientAddresses

MAX_REQUESTS_A_MINUTE = 30
"""Of one client, whatever they hold: whoever is refused learns nothing of what it held."""
RESPONSE = {"message": "If this was a credential of ours, it has ended."}


class RevokeMeEndpoint:
    """The response is the same, and takes at least the same time, for what was a credential and what was not."""

    def __init__(
        self,
        held: HeldCredentials,
        throttle: SecretThrottle,
        time_floor: RefusalTimeFloor,
        addresses: ClientAddresses,
        refusals: Refusals,
    ) -> None:
        self._held = held
        self._throttle = throttle
        self._time_floor = time_floor
        self._addresses = addresses
        self._refusals = refusals

    async def post(self, request: web.Request) -> web.Response:
        """POST /revoke-me"""
        start, address = self._time_floor.start(), self._addresses.of(request)
        with self._refusals.reporting(endpoint=REVOKE_ME_PATH, address=address):
            await self._admit(address)
            given = await parameters(request, accepts_json=True)
            if "token" not in given:
                raise InvalidRequest("token is missing: it is the credential to end")
            await self._held.end(given["token"], client=address_block(address))
        await self._time_floor.wait_until_floor(start)
        return success(RESPONSE)

    async def _admit(self, address: str) -> None:
        try:
            await self._throttle.wrong(address, REVOKE_ME_PATH)
        except TooManyWrongSecrets as error:
            raise TooManyRequests(
                "too many requests to end credentials from this address", retry_after=error.retry_after
            ) from None
