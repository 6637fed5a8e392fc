"""The grants: each decides from a request's parameters who gets a token and for what."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from services.token_issuer.clients.client import Client
from services.token_issuer.clients.limits import ApplyLimits, unlimited
from services.token_issuer.oauth_errors import InvalidScope
from services.token_issuer.tokens.issuance import AuthorizedGrant
from shared import scopes


class Grant(Protocol):
    async def authorize(
        self, parameters: Mapping[str, str], client: Client | None, apply_limits: ApplyLimits = unlimited
    ) -> AuthorizedGrant:
        """`client` is the one that has authenticated itself, None when the request did not try to.

        Calls `apply_limits` exactly once, before anything is granted.
        """
        ...


def requested_scopes(value: object, client: Client, *, field: str = "scope") -> tuple[str, ...]:
    """What a `scope` parameter or claim requests (a string, or a list). Raises `InvalidScope`."""
    try:
        return scopes.parse_scope_list(value, field=field)
    except scopes.InvalidScope as error:
        raise InvalidScope(error.description, subject=client.audited) from None


def granted(have: Iterable[str], wanted: Iterable[str], client: Client, *, field: str = "scope") -> frozenset[str]:
    """`wanted`, if `have` covers all of it. Raises `InvalidScope`."""
    try:
        return scopes.grant(have, wanted, field=field)
    except scopes.InvalidScope as error:
        raise InvalidScope(error.description, subject=client.audited) from None
