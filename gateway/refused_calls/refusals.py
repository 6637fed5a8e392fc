"""The refusals of a call for its credential."""

from collections.abc import Sequence

from gateway import refusal
from gateway.credentials.choice import AmbiguousCredential
from gateway.credentials.extract import NoCredential
from gateway.credentials.identity import Identity, RefusedCredential
from gateway.refusal import Refusal
from gateway.routing.table import Route
from shared.errors import Unavailable
from shared.scopes import covered


def refusal_of(
    error: NoCredential | AmbiguousCredential | RefusedCredential | Unavailable, route: Route
) -> Refusal:
    if isinstance(error, NoCredential):
        return refusal.no_credential(error, route=route.name)
    if isinstance(error, AmbiguousCredential):
        return refusal.ambiguous_credential(error, route=route.name)
    if isinstance(error, RefusedCredential):
        return refusal.bad_credential(error, route=route.name)
    return refusal.unavailable(error, route=route.name)


def stopped_refusal(found: tuple[str, str], identity: Identity, route: Route) -> Refusal:
    kind, id_ = found
    refused = RefusedCredential.of(identity, "stopped", stopped={"kind": kind, "id": id_})
    return refusal.bad_credential(refused, route=route.name)


def insufficient_scope(route: Route, identity: Identity, missing: Sequence[str]) -> Refusal:
    needed, granted = " ".join(route.scopes), " ".join(identity.scopes)
    refused = RefusedCredential.of(identity, "insufficient_scope", needed_scopes=needed, granted_scopes=granted)
    return refusal.insufficient_scope(refused, needed, " ".join(missing), route=route.name)


def missing_scopes(route: Route, identity: Identity) -> Sequence[str]:
    """The scopes that the route needs and the caller does not have."""
    granted = identity.scopes
    return [scope for scope in route.scopes if scope not in granted and not covered(granted, scope)]
