"""RFC 6749 section 4.4: a token for the client itself."""

from collections.abc import Mapping

from services.token_issuer.clients.client import Client
from services.token_issuer.clients.limits import ApplyLimits, unlimited
from services.token_issuer.grants import granted, requested_scopes
from services.token_issuer.grants.booking_scopes import booked_scopes
from services.token_issuer.oauth_errors import NoClient
from services.token_issuer.tokens.issuance import AuthorizedGrant
from shared.report_only.scopes import ReportOnlyScopes

GRANT_TYPE = "client_credentials"


class ClientCredentials:
    """A requested scope that is not granted, and report-only, is left out of the token."""

    def __init__(self, report_only: ReportOnlyScopes | None = None) -> None:
        self._report_only = report_only or ReportOnlyScopes()

    async def authorize(
        self, parameters: Mapping[str, str], client: Client | None, apply_limits: ApplyLimits = unlimited
    ) -> AuthorizedGrant:
        """All that the client is granted and has booked, or as much of it as `scope` requests."""
        if client is None:
            raise NoClient
        await apply_limits(client)
        requested = "scope" in parameters
        scopes, lacking = client.scopes, frozenset[str]()
        if requested:
            wanted = requested_scopes(parameters["scope"], client)
            lacking = self._report_only.lacking(client.scopes, wanted)
            scopes = granted(client.scopes | lacking, wanted, client) - lacking
        booked = booked_scopes(scopes, client, requested=requested)
        return AuthorizedGrant(GRANT_TYPE, client, booked.scopes, booked.depends_on, lacking)
