"""The refusals of a call for its credential."""

from collections.abc import Sequence
from dataclasses import replace

from gateway.credentials.choice import AmbiguousCredential, what_to_send
from gateway.credentials.extract import MalformedQuery, NoCredential
from gateway.credentials.found_credential import find_in_head
from gateway.credentials.identity import Identity
from gateway.credentials.refused import RefusedCredential
from gateway.http1.bounded_cache import BoundedCache
from gateway.http1.request_head import RequestHead
from gateway.refused_calls import problems
from gateway.refused_calls.problems import Refusal
from gateway.routing.credential_kinds import API_TOKEN_FIELD
from gateway.routing.table import Route
from shared.audit.mismatch import Mismatch, known_by_form, nothing_sent
from shared.errors import Unavailable
from shared.scopes import covered

MAX_CACHED_REFUSALS = 1024
_NOTHING_THERE = frozenset({"no_credential", "no_api_token"})


def refusal_of(
    error: NoCredential | AmbiguousCredential | RefusedCredential | Unavailable, route: Route, head: RequestHead
) -> Refusal:
    if isinstance(error, NoCredential):
        return _no_credential(error, route, head)
    if isinstance(error, AmbiguousCredential):
        return problems.ambiguous_credential(error, route=route.name)
    if isinstance(error, MalformedQuery):
        return problems.malformed_query(error, route=route.name)
    if isinstance(error, RefusedCredential):
        return _bad_credential(error, route=route.name)
    return problems.unavailable(error, route=route.name)


def _no_credential(error: NoCredential, route: Route, head: RequestHead) -> Refusal:
    """Where the call has one in another place, the response names both places, and the cause is another."""
    refused = problems.no_credential(error, route=route.name)
    expected = what_to_send(route.kinds)
    if error.cause == "no_client_prefix" and (sent := known_by_form(head.first(API_TOKEN_FIELD) or "")):
        # A session token has no prefix beside it, and the same field.
        return replace(refused, cause="wrong_kind", mismatch=Mismatch(found=sent, expected=expected))
    if error.cause not in _NOTHING_THERE:
        return refused
    if (found := find_in_head(head)) is None:
        nothing = nothing_sent(expected) if error.cause == "no_credential" else None
        return replace(refused, mismatch=nothing)
    return replace(
        refused,
        cause="wrong_place",
        description=f"a credential is required: {expected}; {found.place} is not read here",
        detail={"presented": str(found), "expected": expected},
        mismatch=Mismatch(found.prefix, found=str(found), expected=expected),
    )


def _bad_credential(refused: RefusedCredential, *, route: str) -> Refusal:
    """One for all that are refused alike: most of what strangers send in number is."""
    if not refused.alike:
        return problems.bad_credential(refused, route=route)
    key = (route, refused.cause, refused.detail["reason"])
    cached = _cache.get(key)
    if cached is None:
        cached = problems.bad_credential(refused, route=route)
        _cache.put(key, cached)
    return cached


def stopped_refusal(found: tuple[str, str], identity: Identity, route: Route) -> Refusal:
    kind, id_ = found
    refused = RefusedCredential.of(identity, "stopped", stopped={"kind": kind, "id": id_})
    return problems.bad_credential(refused, route=route.name)


def insufficient_scope(route: Route, identity: Identity, missing: Sequence[str]) -> Refusal:
    needed, granted = " ".join(route.scopes), " ".join(identity.scopes)
    refused = RefusedCredential.of(identity, "insufficient_scope", needed_scopes=needed, granted_scopes=granted)
    return problems.insufficient_scope(refused, needed, " ".join(missing), route=route.name)


def missing_scopes(route: Route, identity: Identity) -> Sequence[str]:
    """The scopes that the route needs and the caller does not have."""
    granted = identity.scopes
    return [scope for scope in route.scopes if scope not in granted and not covered(granted, scope)]


_cache: BoundedCache[tuple[object, ...], Refusal] = BoundedCache(MAX_CACHED_REFUSALS)
