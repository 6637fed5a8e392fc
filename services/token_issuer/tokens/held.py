"""Whoever holds a credential ends it: no other proof is asked for, and nothing is said of what it was."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal, Protocol

from services.token_issuer.tokens.introspection import IssuedTokens
from services.token_issuer.tokens.revocation import RETENTION_MARGIN_S
from shared import opaque
from shared.audit.ports import Audit
from shared.changes.stopped_set import StoppedSet
from shared.contracts.access_token import AccessTokenClaims
from shared.contracts.key_registry import HeldSecret, Revocation
from shared.contracts.session_tokens import session_token_id
from shared.errors import Unavailable
from shared.identifiers import SESSION_TOKEN
from shared.jose.private_keys import private_keys_in, public_half_of

MAX_AT_ONCE = 4
"""Calls of the registry: strangers leave room for those who request tokens."""
MAX_WAITING = 32

SecretKind = Literal[
    "api_token",
    "access_key",
    "api_client",
    "admin_token",
    "person_session",
    "invitation",
    "portal_link",
    "password_reset",
]
KIND_OF_PREFIX: Mapping[str, SecretKind] = {
    opaque.API_TOKEN: "api_token",
    opaque.ACCESS_KEY: "access_key",
    opaque.API_CLIENT_SECRET: "api_client",
    opaque.ADMIN_TOKEN: "admin_token",
    opaque.PERSON_SESSION: "person_session",
    opaque.INVITATION: "invitation",
    opaque.PORTAL_LINK: "portal_link",
    opaque.PASSWORD_RESET: "password_reset",
}


def held_secret(credential: str, client: str) -> HeldSecret | None:
    """What the registry may know of it; None for what has the form of none of its secrets."""
    prefix, id_ = credential.partition("_")[0], credential.lower()
    if (kind := KIND_OF_PREFIX.get(prefix)) is not None:
        if not opaque.well_formed(prefix, credential):
            return None
        return HeldSecret(kind=kind, digest=opaque.digest(credential).hex(), client=client)
    if SESSION_TOKEN.fullmatch(id_):
        return HeldSecret(kind="session_token", digest=session_token_id(id_), client=client)
    for key in private_keys_in(credential)[:1]:
        if (thumbprint := public_half_of(key)) is not None:
            return HeldSecret(kind="key_pair", digest=thumbprint.hex(), client=client)
    return None


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

        Raises `Unavailable`.
        """
        if (secret := held_secret(credential, client)) is not None:
            async with self._turn():
                await self._registry.end_secret(secret)
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
