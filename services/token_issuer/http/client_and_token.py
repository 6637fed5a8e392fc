"""What introspection and revocation have in common: a client that proves who it is, and one token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from services.token_issuer.clients.authentication import ClientAuthenticator
from services.token_issuer.clients.client import Client
from services.token_issuer.clients.client_proof import client_proof
from services.token_issuer.http.parameters import authorization, parameters
from services.token_issuer.oauth_errors import InvalidRequest
from services.token_issuer.refusals import Refusals
from services.token_issuer.usage import ClientUsage
from shared.http.client_address import ClientAddresses


class ClientRequests:
    def __init__(
        self,
        authenticator: ClientAuthenticator,
        addresses: ClientAddresses,
        refusals: Refusals,
        usage: ClientUsage,
    ) -> None:
        self._usage = usage
        self._authenticator = authenticator
        self._addresses = addresses
        self._refusals = refusals

    @asynccontextmanager
    async def of(self, request: web.Request, *, endpoint: str) -> AsyncIterator[tuple[Client, str]]:
        """The client and its `token` parameter; what the request then ends in is counted and audited.

        Raises `InvalidClient`, `InvalidRequest`, `TooManyWrongSecrets` and `Unavailable`.
        """
        address = self._addresses.of(request)
        with self._refusals.reporting(endpoint=endpoint, address=address):
            given = await parameters(request)
            proof = client_proof(authorization(request), given)
            if proof is None:
                raise await self._authenticator.without_secret(given.get("client_id"))
            client = await self._authenticator.authenticate(proof, address=address)
            self._usage.accepted(client, endpoint, address)
            if "token" not in given:
                raise InvalidRequest("token is missing")
            yield client, given["token"]
