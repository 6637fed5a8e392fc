"""Whoever holds a credential ends it: no other proof is asked for, and nothing is said of what it was."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal, Protocol

from services.token_issuer.oauth_errors import InvalidRequest
from services.token_issuer.tokens.introspection import IssuedTokens
from services.token_issuer.tokens.revocation import RETENTION_MARGIN_S
from shared import opaque
from shared.audit.trail import Audit
from shared.changes.stopped_set import StoppedSet
from shared.contracts.access_token import AccessTokenClaims
from shared.contracts.identifiers import UUID_FORM
from shared.contracts.key_registry import HeldSecret, Revocation
from shared.errors import Unavailable

MAX_AT_ONCE = 4
"""Calls of the registry: strangers leave room for those who request tokens."""
MAX_WAITING = 32

SecretKind = Literal["api_token", "access_key", "api_client", "admin_token"]
KIND_OF_PREFIX: Mapping[str, SecretKind] = {
    opaque.API_TOKEN: "api_token",
    opaque.ACCESS_KEY: "access_key",
    opaque.API_CLIENT_SECRET: "api_client",
    opaque.ADMIN_TOKEN: "admin_token",
}


class Ends(Protocol):
    """Both return when it is durable, and raise `Unavailable`. Again is harmless."""

    async def end_secret(self, secret: HeldSecret) -> bool:
        """Whether there is such a secret."""
        ...

    async def revoke(self, revocation: Revocation) -> None: ...


class HeldCredentials:
    def __init__(self, tokens: IssuedTokens, registry: Ends, stopped: StoppedSet, audit: Audit) -> None:
        self._tokens = tokens
        self._registry = registry
        self._stopped = stopped
        self._audit = audit
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)
        self._waiting = 0

    async def end(self, credential: str, *, client: str) -> None:
        """End it, if it is one: of a credential with several secrets this one. `client` is an address.

        Raises `InvalidRequest` for what has the form of a session token, and `Unavailable`.
        """
        kind = KIND_OF_PREFIX.get(credential.partition("_")[0])
        if kind is not None:
            if opaque.well_formed(credential.partition("_")[0], credential):
                async with self._turn():
                    digest = opaque.digest(credential).hex()
                    await self._registry.end_secret(HeldSecret(kind=kind, digest=digest, client=client))
        elif UUID_FORM.fullmatch(credential):
            raise InvalidRequest("this has the form of a session token: DELETE /verify with it in X-Api-Token")
        elif (claims := self._tokens.read(credential)) is not None:
            async with self._turn():
                await self._end_token(claims, client)

    async def _end_token(self, claims: AccessTokenClaims, client: str) -> None:
        if self._stopped.holds_any(frozenset({claims.jti})):
            return
        until = claims.exp + RETENTION_MARGIN_S
        revocation = Revocation(
            kind="jwt",
            id=claims.jti,
            until=until,
            company_id=claims.company_id,
            reason="ended by its holder",
            leaked=True,
        )
        await self._registry.revoke(revocation)
        self._stopped.revoke(claims.jti, until, "jwt")
        self._audit.note(
            self._audit.event(
                "token.revoked",
                actor="anonymous",
                subject_kind="jwt",
                subject=claims.jti,
                company_id=claims.company_id,
                detail={"by": "its holder", "client": client},
            )
        )

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= MAX_WAITING:
            raise Unavailable("too many end credentials at once")
        self._waiting += 1
        try:
            async with self._turns:
                yield
        finally:
            self._waiting -= 1
