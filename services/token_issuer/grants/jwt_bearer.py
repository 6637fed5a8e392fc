"""RFC 7523 section 2.1: a token for a JWT that a key pair has signed."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from services.token_issuer.clients.assertions import (
    AssertionVerifier,
    InvalidAssertion,
    VerifiedAssertion,
)
from services.token_issuer.clients.client import Client
from services.token_issuer.clients.limits import ApplyLimits, unlimited
from services.token_issuer.clients.single_use import JTI_USED
from services.token_issuer.grants import granted, requested_scopes
from services.token_issuer.grants.booking_scopes import BookedScopes, booked_scopes
from services.token_issuer.oauth_errors import InvalidGrant, InvalidRequest, InvalidScope
from services.token_issuer.tokens.issuance import AuthorizedGrant
from shared.jose.header import AUTHORIZATION_GRANT
from shared.report_only.scopes import ReportOnlyScopes

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE_CLAIMS = ("scopes", "scope")


class JwtBearer:
    """The scopes are those of the assertion; a `scope` parameter may narrow them, and neither means all.

    A claim that is there and empty is not absent: it requests nothing, and there is no token for nothing. A
    requested scope that is not granted, and report-only, is left out of the token.
    """

    def __init__(
        self,
        assertions: AssertionVerifier,
        *,
        audiences: frozenset[str],
        report_only: ReportOnlyScopes | None = None,
    ) -> None:
        self._assertions = assertions
        self._audiences = audiences
        self._report_only = report_only or ReportOnlyScopes()

    async def authorize(
        self, parameters: Mapping[str, str], client: Client | None, apply_limits: ApplyLimits = unlimited
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
        requested = scopes_of(verified.client, verified.claims.members, parameters, self._report_only)
        booked = requested.booked
        await apply_limits(verified.client)
        if not await self._assertions.single_use.use(verified.client.public_id, verified.claims):
            said = "jti was used before; sign a new assertion"
            raise InvalidGrant(said, cause=JTI_USED, subject=verified.client.audited)
        return AuthorizedGrant(
            GRANT_TYPE,
            verified.client,
            booked.scopes,
            booked.depends_on,
            requested.lacking,
            refused_as=InvalidGrant,
        )

    async def _verified(self, parameters: Mapping[str, str]) -> VerifiedAssertion:
        assertion = parameters.get("assertion")
        if assertion is None:
            raise InvalidRequest("assertion is missing")
        try:
            return await self._assertions.verify(assertion, audiences=self._audiences, typ=AUTHORIZATION_GRANT)
        except InvalidAssertion as error:
            raise error.as_refusal(InvalidGrant) from None


class RequestedScopes(NamedTuple):
    booked: BookedScopes
    lacking: frozenset[str]
    """Those that are not granted, and report-only."""


def scopes_of(
    client: Client, members: Mapping[str, Any], parameters: Mapping[str, str], report_only: ReportOnlyScopes
) -> RequestedScopes:
    """What an assertion of the client with these claims gets. Raises `InvalidScope`."""
    claims = {name: requested_scopes(members[name], client, field=name) for name in SCOPE_CLAIMS if name in members}
    wanted = requested_scopes(parameters["scope"], client) if "scope" in parameters else None
    lacking = report_only.lacking(client.scopes, {*(wanted or ()), *(s for each in claims.values() for s in each)})
    allowed = client.scopes | lacking
    if claims:
        allowed = frozenset().union(*(granted(allowed, each, client, field=name) for name, each in claims.items()))
        if not allowed:
            first = next(iter(claims))
            raise InvalidScope(f"{first} is empty; name a scope, or leave it out for all", subject=client.audited)
    if wanted is not None:
        allowed = granted(allowed, wanted, client)
    elif not claims:
        return RequestedScopes(booked_scopes(client.scopes, client, requested=False), frozenset())
    return RequestedScopes(booked_scopes(allowed - lacking, client, requested=True), allowed & lacking)
