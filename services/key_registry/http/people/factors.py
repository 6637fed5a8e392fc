"""`/admin/v1/me/second-factor`, and the code after the password or the OpenID provider."""

from collections.abc import Sequence
from functools import partial

from aiohttp import web

from services.key_registry.catalog.paging import parse_query
from services.key_registry.catalog.permissions import Admin
from services.key_registry.http import bodies
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.people.proof import proof_of
from services.key_registry.http.people.refusals import UnrecordedRefusals
from services.key_registry.http.people.sessions import PATH as SESSIONS
from services.key_registry.http.people.sessions import created_session, origin_of
from services.key_registry.http.schemas import BASE, problems
from services.key_registry.people.account.own_factors import OwnFactors
from services.key_registry.people.factors.schemas import (
    RecoveryCodesResponse,
    SecondFactor,
    SecondFactorState,
    TotpConfirmation,
    TotpOffer,
)
from services.key_registry.people.factors.second_step import SecondStep
from services.key_registry.people.reauthentication.reauthentication import Proof
from services.key_registry.people.reauthentication.schemas import ReauthenticationProof
from services.key_registry.people.responses import CreatedSession
from shared.audit.ports import RefusalAudit
from shared.http.client_address import ClientAddresses
from shared.http.endpoints import Endpoint, Response
from shared.http.responses import NO_STORE, json_response

PATH = f"{BASE}/me/second-factor"
TOTP = """\
Codes of an authenticator (RFC 6238: SHA-1, six digits, 30 seconds). The secret counts once a code of it is
confirmed, within 15 minutes; then a code is needed at each sign-in by password or by the OpenID provider, and all
other sessions of the person end. A code works once. Whoever presents a wrong password or code has to wait as at a
sign-in.
"""
SECOND_STEP = """\
For five minutes after the password or the OpenID provider, once. A recovery code does as well, each once. Wrong
codes count as failed sign-ins: after five of them whoever tries again has to wait. It ends when the person's
password or factors change.
"""


class FactorEndpoints:
    def __init__(
        self,
        own: OwnFactors,
        second_step: SecondStep,
        authentication: Authentication,
        audit: RefusalAudit,
        addresses: ClientAddresses,
    ) -> None:
        self._own = own
        self._second_step = second_step
        self._authentication = authentication
        self._refusals = UnrecordedRefusals(audit, addresses)
        self._addresses = addresses

    async def finish(self, request: web.Request) -> web.Response:
        """201 with the session that the sign-in is for."""
        body = await bodies.model(request, SecondFactor)
        with self._refusals.counted(request):
            opened = await self._second_step.finish(body.token, body.code, origin_of(request, self._addresses))
        return created_session(opened)

    async def state(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        parse_query(list(request.query.items()), {})
        state = SecondFactorState.model_validate(await self._own.state(admin))
        return json_response(state.model_dump(mode="json"), headers=NO_STORE)

    async def offer(self, request: web.Request) -> web.Response:
        """201 with the one response that contains the secret."""
        offered = await self._own.offer_totp(*await self._admin_and_proof(request))
        shown = TotpOffer.model_validate(offered).model_dump(mode="json")
        return json_response(shown, status=201, headers=NO_STORE)

    async def confirm(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        body = await bodies.model(request, TotpConfirmation)
        block = origin_of(request, self._addresses).block
        return _recovery_codes(await self._own.confirm_totp(admin, body.code, block))

    async def replace_recovery_codes(self, request: web.Request) -> web.Response:
        return _recovery_codes(await self._own.replace_recovery_codes(*await self._admin_and_proof(request)))

    async def remove(self, request: web.Request) -> web.Response:
        await self._own.remove_totp(*await self._admin_and_proof(request))
        return web.Response(status=204, headers=NO_STORE)

    async def _admin_and_proof(self, request: web.Request) -> tuple[Admin, Proof]:
        admin = (await self._authentication.caller(request)).admin
        body = await bodies.model(request, ReauthenticationProof)
        return admin, proof_of(body, request, self._addresses)


def _recovery_codes(codes: Sequence[str]) -> web.Response:
    shown = RecoveryCodesResponse(recovery_codes=list(codes)).model_dump(mode="json")
    return json_response(shown, status=201, headers=NO_STORE)


def factor_endpoints(handlers: FactorEndpoints, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    return [*_sign_in(handlers, admin), *_own(handlers, admin)]


def _sign_in(handlers: FactorEndpoints, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    return [
        admin(
            "POST",
            f"{SESSIONS}/second-factor",
            handlers.finish,
            "Finish signing in with a code",
            tag="sessions",
            security="",
            description=SECOND_STEP,
            body=SecondFactor,
            responses={
                201: Response("A session; its token is shown this once", CreatedSession),
                **problems(400, 401, 404, 413, 415, 422, 429, 503),
            },
        ),
    ]


def _own(handlers: FactorEndpoints, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    endpoint = partial(admin, tag="people", description=TOTP)
    confirmed = problems(400, 401, 403, 409, 413, 415, 422, 429, 503)
    codes = Response("Recovery codes, which are shown this once", RecoveryCodesResponse)
    return [
        endpoint(
            "GET",
            PATH,
            handlers.state,
            "Show one's own second factor",
            responses={200: Response("Whether it is on", SecondFactorState), **problems(401, 403, 422, 503)},
        ),
        endpoint(
            "POST",
            f"{PATH}/totp",
            handlers.offer,
            "Begin with an authenticator",
            body=ReauthenticationProof,
            responses={201: Response("The secret, which is shown this once", TotpOffer), **confirmed},
        ),
        endpoint(
            "POST",
            f"{PATH}/totp/confirm",
            handlers.confirm,
            "Turn the second factor on with a first code",
            body=TotpConfirmation,
            responses={201: codes, **problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)},
        ),
        endpoint(
            "POST",
            f"{PATH}/totp/remove",
            handlers.remove,
            "Turn the second factor off",
            body=ReauthenticationProof,
            responses={204: Response("It is off"), **confirmed},
        ),
        endpoint(
            "POST",
            f"{PATH}/recovery-codes",
            handlers.replace_recovery_codes,
            "Replace the recovery codes",
            body=ReauthenticationProof,
            responses={201: codes, **confirmed},
        ),
    ]
