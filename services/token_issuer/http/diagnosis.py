"""What is wrong with an assertion or a token, for whoever holds it."""

from functools import partial
from typing import Literal, Protocol

from aiohttp import web

from services.token_issuer.diagnosis.access_tokens import AccessTokenDiagnosis
from services.token_issuer.diagnosis.assertions import AssertionDiagnosis
from services.token_issuer.diagnosis.findings import Findings
from services.token_issuer.http.parameters import authorization, parameters
from services.token_issuer.http.responses import success
from services.token_issuer.http.schemas import DiagnosisResponse
from services.token_issuer.oauth_errors import InvalidRequest
from shared.contracts.key_registry import KeyPair
from shared.errors import Unauthenticated
from shared.opaque import ADMIN_TOKEN, PERSON_SESSION, well_formed


class Admins(Protocol):
    async def may_read(self, authorization: str, kind: str, id_: str) -> bool:
        """Whether this admin may read that object. Raises `Unauthenticated` for no admin, and `Unavailable`."""
        ...


class DiagnosisEndpoint:
    """Neither a refusal nor a success is written anywhere: nothing was requested but an opinion."""

    def __init__(self, assertions: AssertionDiagnosis, tokens: AccessTokenDiagnosis, admins: Admins) -> None:
        self._assertions = assertions
        self._tokens = tokens
        self._admins = admins

    async def post(self, request: web.Request) -> web.Response:
        """POST /oauth2/diagnose"""
        given = await parameters(request, accepts_json=True)
        credential = _admin_credential(authorization(request))
        kind: Literal["assertion", "token"] = "assertion" if "assertion" in given else "token"
        if ("assertion" in given) == ("token" in given):
            raise InvalidRequest("send exactly one of assertion and token")
        if kind == "token":
            return _response(kind, self._tokens.of(given["token"]))
        may_see = None if credential is None else partial(self._may_see, credential)
        return _response(kind, await self._assertions.of(given["assertion"], may_see))

    async def _may_see(self, credential: str, record: KeyPair | None) -> bool:
        return await self._admins.may_read(credential, "key-pairs", "" if record is None else record.id)


def _admin_credential(field: str | None) -> str | None:
    """The Authorization field of who may be an admin, or a person with a session; nothing else is passed on.

    Raises `Unauthenticated`.
    """
    if field is None:
        return None
    scheme, _, token = field.partition(" ")
    of_admin = well_formed(ADMIN_TOKEN, token) or well_formed(PERSON_SESSION, token)
    if scheme.lower() != "bearer" or not of_admin:
        raise Unauthenticated("Authorization is for the tokens of admins here; leave it out to ask for yourself")
    return field


def _response(kind: Literal["assertion", "token"], findings: Findings) -> web.Response:
    checks = [finding.members() for finding in findings.all]
    body = DiagnosisResponse(kind=kind, ok=findings.ok, checks=tuple(checks))
    return success(body.model_dump())
