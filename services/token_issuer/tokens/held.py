"""Whoever holds a credential ends it: no other proof is asked for, and nothing is said of what it was."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal, Protocol

from services.token_issuer.tokens.introspection import IssuedTokens
from services.token_issuer.tokens.revocation import TokenRevoker
from shared import opaque
from shared.changes.stopped_set import StoppedSet
from shared.contracts.access_token import AccessTokenClaims
from shared.contracts.key_registry import HeldSecret
from shared.contracts.session_tokens import session_token_id
from shared.errors import Unavailable
from shared.identifiers import SESSION_TOKEN
from shared.jose.private_keys import private_keys_in, public_half_of

MAX_AT_ONCE = 4
"""Calls of the registry: strangers leave room for those who request tokens."""
MAX_IN_PROGRESS = 32
"""With those that wait for their turn."""

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


class HeldSecrets(Protocol):
    async def end_secret(self, secret: HeldSecret) -> bool:
        """Whether there is such a secret. Returns when its end is durable; again is harmless.

        Raises `Unavailable`.
        """
        ...


class HeldCredentials:
    def __init__(
        self, tokens: IssuedTokens, secrets: HeldSecrets, revoker: TokenRevoker, stopped: StoppedSet
    ) -> None:
        self._tokens = tokens
        self._secrets = secrets
        self._revoker = revoker
        self._stopped = stopped
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)
        self._in_progress = 0

    async def end(self, credential: str, *, client: str) -> None:
        """End it, if it is one: of a credential with several secrets this one. `client` is an address.

        Raises `Unavailable`.
        """
        if (secret := held_secret(credential, client)) is not None:
            async with self._turn():
                await self._secrets.end_secret(secret)
        elif (claims := self._tokens.read(credential)) is not None:
            async with self._turn():
                await self._end_token(claims, client)

    async def _end_token(self, claims: AccessTokenClaims, client: str) -> None:
        if self._stopped.holds_any(frozenset({claims.jti})):
            return
        await self._revoker.end(
            claims,
            actor="anonymous",
            reason="ended by its holder",
            leaked=True,
            detail={"by": "its holder", "client": client},
        )

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._in_progress >= MAX_IN_PROGRESS:
            raise Unavailable("too many end credentials at once")
        self._in_progress += 1
        try:
            async with self._turns:
                yield
        finally:
            self._in_progress -= 1
