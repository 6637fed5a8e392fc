"""RFC 7523 section 2.1: a token for a JWT that a key pair has signed."""

from collections.abc import Mapping
from typing import Any

from services.token_issuer.clients.assertions import AssertionVerifier, InvalidAssertion, VerifiedAssertion
from services.token_issuer.clients.client import Client
from services.token_issuer.clients.limits import Admit, unlimited
from services.token_issuer.grants import granted, requested_scopes
from services.token_issuer.grants.booking_scopes import BookedScopes, booked_scopes
from services.token_issuer.oauth_errors import InvalidGrant, InvalidRequest, InvalidScope
from services.token_issuer.tokens.issuance import AuthorizedGrant
from shared.jose.header import AUTHORIZATION_GRANT

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE_CLAIMS = ("scopes", "scope")


class JwtBearer:
    """The scopes are those of the assertion; a `scope` parameter may narrow them, and neither means all.

    A claim that is there and empty is not absent: it requests nothing, and there is no token for nothing.
    """

    def __init__(self, assertions: AssertionVerifier, *, audiences: frozenset[str]) -> None:
        self._assertions = assertions
        self._audiences = audiences

    async def authorize(
        self, parameters: Mapping[str, str], client: Client | None, admit: Admit = unlimited
    ) -> AuthorizedGrant:
        """Raises `InvalidGrant` saying what to correct, `InvalidScope`, and `Unavailable`.

        The jti is used last, so an assertion that is refused may be sent again once it is corrected. One whose
        token could not be issued after that is spent: the partner signs another.
        """
        verified = await self._verified(parameters)
        if client is not None and client.company_id != verified.client.company_id:
            raise InvalidGrant("the assertion is not the authenticated client's", subject=verified.client.audited)
        if client is None and parameters.get("client_id") not in (None, verified.client.client_id):
            raise InvalidGrant("client_id must be the iss of the assertion", subject=verified.client.audited)
        booked = scopes_of(verified.client, verified.claims.members, parameters)
        await admit(verified.client)
        if not await self._assertions.use_once(verified):
            raise InvalidGrant("jti was used before; sign a new assertion", subject=verified.client.audited)
        return AuthorizedGrant(GRANT_TYPE, verified.client, booked.scopes, booked.depends_on)

    async def _verified(self, parameters: Mapping[str, str]) -> VerifiedAssertion:
        assertion = parameters.get("assertion")
        if assertion is None:
            raise InvalidRequest("assertion is missing")
        try:
            return await self._assertions.verify(assertion, audiences=self._audiences, typ=AUTHORIZATION_GRANT)
        except InvalidAssertion as error:
            raise InvalidGrant(error.description, detail=error.cause, subject=error.subject) from None


def scopes_of(client: Client, members: Mapping[str, Any], parameters: Mapping[str, str]) -> BookedScopes:
    """What an assertion of the client with these claims gets. Raises `InvalidScope`."""
    claims = [name for name in SCOPE_CLAIMS if name in members]
    allowed = client.scopes
    if claims:
        allowed = frozenset().union(*(_claimed(name, members[name], client) for name in claims))
        if not allowed:
            raise InvalidScope(
                f"{claims[0]} is empty; name a scope, or leave it out for all", subject=client.audited
            )
    if "scope" not in parameters:
        return booked_scopes(allowed, client, requested=bool(claims))
    wanted = requested_scopes(parameters["scope"], client)
    return booked_scopes(granted(allowed, wanted, client), client, requested=True)


def _claimed(name: str, value: object, client: Client) -> frozenset[str]:
    return granted(client.scopes, requested_scopes(value, client, field=name), client, field=name)
