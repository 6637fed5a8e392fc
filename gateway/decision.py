"""The decision about a request: forward it, exactly so, or refuse it.

The one function that every data path calls. It knows no HTTP library: a head comes in, a decision goes out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway import refusal
from gateway.client_address_proof import ClientAddressProof
from gateway.credentials.access_tokens import AccessTokens
from gateway.credentials.api_tokens import ApiTokens
from gateway.credentials.extract import (
    NoCredential,
    read_api_token,
    read_bearer,
    read_session_token,
    without_session_token,
)
from gateway.credentials.identity import Identity, RefusedCredential
from gateway.credentials.session_tokens import Sessions, query_of, resolve
from gateway.credentials.staleness import Staleness
from gateway.headers import upstream_fields
from gateway.http1.fields import Fields
from gateway.http1.request import BadRequest, RequestHead
from gateway.origin import Origin
from gateway.refusal import Refusal
from gateway.routing.match import match
from gateway.routing.table import CredentialKind, Route, RouteTable
from gateway.routing.target import Target, parse_target
from shared.changes.stopped_set import StoppedSet
from shared.errors import Unavailable
from shared.scopes import covered


@dataclass(frozen=True, slots=True)
class Forward:
    """A request that is to be sent on, exactly so. Its body is the client's."""

    route: Route
    method: str
    target: str
    fields: Fields
    """All but those that frame the message."""
    identity: Identity | None


@dataclass(frozen=True)
class Decider:
    routes: Callable[[], RouteTable]
    access_tokens: AccessTokens
    api_tokens: ApiTokens
    sessions: Sessions
    stopped: StoppedSet
    staleness: Staleness
    client_address_proof: ClientAddressProof
    audiences: frozenset[str]
    """Accepted where the route names none."""
    via: str
    """What this gateway calls itself in `Via`; a request that already names it has come round in a circle."""

    async def decide(self, head: RequestHead, origin: Origin, request_id: str) -> Forward | Refusal:
        """Never raises for anything that a request may hold."""
        try:
            target = parse_target(head.target)
        except BadRequest as error:
            return refusal.malformed(error)
        route = match(self.routes(), head.method, target.path)
        if isinstance(route, tuple):
            return refusal.method_not_allowed(route) if route else refusal.not_found()
        if any(self.via in value for value in head.values("via")):
            return refusal.loop(route=route.name)
        if (head.content_length or 0) > route.max_body:
            return refusal.too_large(route.max_body, route=route.name)
        try:
            identity, target = await self._admit(head, target, route)
        except NoCredential as error:
            return refusal.no_credential(error, route=route.name)
        except RefusedCredential as error:
            return refusal.bad_credential(error, route=route.name)
        except Unavailable as error:
            return refusal.unavailable(error, route=route.name)
        if identity is not None and (missing := _missing_scopes(route, identity)):
            return _insufficient_scope(route, identity, missing)
        fields = upstream_fields(head, route, identity, origin, request_id=request_id, via=self.via)
        fields += self.client_address_proof.fields(route.upstream, origin.client)
        return Forward(route, head.method, str(target), fields, identity)

    async def _admit(self, head: RequestHead, target: Target, route: Route) -> tuple[Identity | None, Target]:
        """Who calls, and the target that the upstream gets.

        Raises `RefusedCredential`, `NoCredential`, or `Unavailable` when it cannot be known.
        """
        if route.credential is CredentialKind.NONE:
            return None, target
        if route.credential is CredentialKind.SESSION_TOKEN:
            identity, target = await self._session(head, target, route)
        else:
            identity = await self._caller(head, route)
        if (found := self.stopped.first(identity.depends_on)) is not None:
            kind, id_ = found
            raise RefusedCredential.of(identity, "stopped", stopped={"kind": kind, "id": id_})
        return identity, target

    async def _caller(self, head: RequestHead, route: Route) -> Identity:
        if route.credential is CredentialKind.JWT:
            bearer = read_bearer(head)
            identity = await self.access_tokens.check(bearer.token, route.audiences or self.audiences)
            self.staleness.require(route)
            return identity
        return await self.api_tokens.check(read_api_token(head), route.application)

    async def _session(self, head: RequestHead, target: Target, route: Route) -> tuple[Identity, Target]:
        token = read_session_token(head, target.query)
        identity, stored = await resolve(self.sessions, token, peek=head.method == "HEAD")
        others = without_session_token(target.query) if route.merge_query else ()
        return identity, Target(target.path, query_of(stored, others) or None)


def _insufficient_scope(route: Route, identity: Identity, missing: Sequence[str]) -> Refusal:
    needed, granted = " ".join(route.scopes), " ".join(identity.scopes)
    refused = RefusedCredential.of(identity, "insufficient_scope", needed_scopes=needed, granted_scopes=granted)
    return refusal.insufficient_scope(refused, needed, " ".join(missing), route=route.name)


def _missing_scopes(route: Route, identity: Identity) -> Sequence[str]:
    """The scopes that the route needs and the caller does not have; none when the call may be made."""
    if not route.scopes:
        return ()
    return [scope for scope in route.scopes if not covered(identity.scopes, scope)]
