"""The three token endpoints: one flow, three profiles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from services.token_issuer.clients.authentication import ClientAuthenticator
from services.token_issuer.clients.client import Client
from services.token_issuer.clients.client_proof import METHODS, Method, client_proof
from services.token_issuer.clients.limits import ClientLimits
from services.token_issuer.grants import Grant, client_credentials, jwt_bearer
from services.token_issuer.http.parameters import authorization, parameters
from services.token_issuer.http.responses import success
from services.token_issuer.metadata import TOKEN_PATH
from services.token_issuer.metrics import IssuerMetrics
from services.token_issuer.oauth_errors import (
    InvalidClient,
    InvalidRequest,
    InvalidScope,
    NoClient,
    UnsupportedGrantType,
)
from services.token_issuer.refusals import Refusals
from services.token_issuer.tokens.issuance import AccessToken, AuthorizedGrant, TokenIssuer
from services.token_issuer.usage import ClientUsage
from shared.contracts.access_token import TokenType
from shared.contracts.credential_expiry import EXPIRY_FIELD, expiry_time
from shared.http.client_address import ClientAddresses
from shared.limits.endpoint_limits import EndpointLimits
from shared.logging import request_id
from shared.report_only.counts import WouldRefuse
from shared.report_only.report_only_set import ReportOnlySet


@dataclass(frozen=True, slots=True)
class Profile:
    """How one token endpoint differs from another."""

    path: str
    grant_types: tuple[str, ...]
    methods: tuple[Method, ...]
    token_type: Literal["JWT", "Bearer"]
    typ: TokenType
    returns_scope: bool = True
    accepts_json: bool = False
    trims_grant_type: bool = False
    """Blanks around the value of `grant_type` are taken away: `grant_type= client_credentials` is in the wild."""


CLIENT_CREDENTIALS_PROFILE = Profile(
    path="/auth/token",
    grant_types=(client_credentials.GRANT_TYPE,),
    methods=("client_secret_basic",),
    token_type="JWT",
    typ="JWT",
    returns_scope=False,
    trims_grant_type=True,
)
ASSERTION_PROFILE = Profile(
    path="/iam/oauth/token",
    grant_types=(jwt_bearer.GRANT_TYPE,),
    methods=METHODS,
    token_type="Bearer",
    typ="JWT",
    accepts_json=True,
)
STANDARD_PROFILE = Profile(
    path=TOKEN_PATH,
    grant_types=(client_credentials.GRANT_TYPE, jwt_bearer.GRANT_TYPE),
    methods=METHODS,
    token_type="Bearer",
    typ="at+jwt",
)

PROFILES = (CLIENT_CREDENTIALS_PROFILE, ASSERTION_PROFILE, STANDARD_PROFILE)


class TokenEndpoint:
    """RFC 6749 section 3.2, by `profile`."""

    def __init__(
        self,
        profile: Profile,
        *,
        grants: Mapping[str, Grant],
        authenticator: ClientAuthenticator,
        issuer: TokenIssuer,
        addresses: ClientAddresses,
        refusals: Refusals,
        counts: IssuerMetrics,
        report_only_set: ReportOnlySet,
        limits: EndpointLimits,
        usage: ClientUsage,
    ) -> None:
        self._report_only_set = report_only_set
        self._usage = usage
        self.profile = profile
        self._grants = {name: grants[name] for name in profile.grant_types}
        self._authenticator = authenticator
        self._issuer = issuer
        self._addresses = addresses
        self._refusals = refusals
        self._counts = counts
        self._limits = limits

    async def post(self, request: web.Request) -> web.Response:
        """Read, find the grant, authenticate the client, authorize, issue."""
        address = self._addresses.of(request)
        with self._refusals.reporting(endpoint=self.profile.path, address=address):
            given = await parameters(request, accepts_json=self.profile.accepts_json)
            grant = self._grant(given.get("grant_type"))
            client_limits = ClientLimits(self._limits, address)
            client = await self._client(request, given, address, client_limits)
            decision = await self._authorized(grant, given, client, client_limits)
            token = await self._issuer.issue(decision, typ=self.profile.typ)
        self._counts.issued(decision.grant)
        holder = decision.client
        self._count_report_only(decision)
        self._usage.accepted(holder, self.profile.path, address)
        self._usage.issued(holder, token)
        return success(self._response(token), {**_expiry(token), **client_limits.fields})

    def _count_report_only(self, decision: AuthorizedGrant) -> None:
        holder, id_ = decision.client, request_id.get()
        self._report_only_set.count_stop((holder.credential_id, holder.company_id), holder.company_id, id_)
        for scope in decision.lacking:
            self._report_only_set.counts.count(
                WouldRefuse("scope", scope, InvalidScope.code, holder.company_id), id_
            )

    def _grant(self, grant_type: str | None) -> Grant:
        if grant_type is not None and self.profile.trims_grant_type:
            grant_type = grant_type.strip(" ")
        if not grant_type:
            raise InvalidRequest("grant_type is missing")
        if grant_type not in self._grants:
            raise UnsupportedGrantType(f"grant_type must be {' or '.join(self._grants)}")
        return self._grants[grant_type]

    async def _client(
        self, request: web.Request, given: Mapping[str, str], address: str, client_limits: ClientLimits
    ) -> Client | None:
        proof = client_proof(authorization(request), given)
        if proof is None:
            return None
        if proof.method not in self.profile.methods:
            raise InvalidClient(f"clients authenticate here by {' or '.join(self.profile.methods)}")
        return await self._authenticator.authenticate(proof, address=address, use_later=client_limits.then)

    async def _authorized(
        self, grant: Grant, given: Mapping[str, str], client: Client | None, client_limits: ClientLimits
    ) -> AuthorizedGrant:
        try:
            decision = await grant.authorize(given, client, client_limits)
        except NoClient as error:
            raise await self._authenticator.without_secret(given.get("client_id"), error.description) from None
        client_limits.require_applied_to(decision.client)
        return decision

    def _response(self, token: AccessToken) -> dict[str, Any]:
        response: dict[str, Any] = {
            "access_token": token.value,
            "token_type": self.profile.token_type,
            "expires_in": token.expires_in,
        }
        if self.profile.returns_scope:
            response["scope"] = token.scope
        return response


def _expiry(token: AccessToken) -> dict[str, str]:
    expires_at = token.credential_expires_at
    return {} if expires_at is None else {EXPIRY_FIELD: expiry_time(expires_at)}
