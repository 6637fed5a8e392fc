"""Resolving session tokens: the stored parameters take the place of the caller's query."""

from collections.abc import Awaitable, Callable
from functools import lru_cache, partial
from typing import NamedTuple, Protocol

from gateway.credentials.expiry import expiry_line
from gateway.credentials.extract import (
    EXPECTED_SESSION_TOKEN,
    SessionToken,
    read_session_token,
    without_session_token,
)
from gateway.credentials.identity import Identity
from gateway.credentials.refused import RefusedCredential
from gateway.http1.request_head import RequestHead
from gateway.routing.rewriting.query import query_of
from gateway.routing.table import Route
from gateway.routing.target import Target
from shared.audit.mismatch import known_by_form
from shared.contracts.session_tokens import RefusedSession, ResolvedSession
from shared.identifiers import credential_version_id
from shared.opaque import claimed_prefix

KIND = "session_token"
TakeUse = Callable[[], Awaitable[ResolvedSession]]


class Sessions(Protocol):
    async def resolve(
        self, token: str, *, peek: bool = False, defer_use: bool = False
    ) -> ResolvedSession | RefusedSession: ...


class ResolvedCall(NamedTuple):
    identity: Identity
    target: Target
    """What the upstream gets."""
    take_use: TakeUse | None = None
    """For a token with a number of uses, once nothing refuses the call; raises as `resolve_for` does."""


async def resolve(
    sessions: Sessions, credential: SessionToken, *, peek: bool = False, defer_use: bool = False
) -> ResolvedSession:
    """Counts as one use, but for a `peek`, and unless that is deferred.

    Raises `RefusedCredential`, or `Unavailable` when it cannot be known.
    """
    session = await sessions.resolve(credential.token, peek=peek, defer_use=defer_use)
    if isinstance(session, RefusedSession):
        raise _refused(session, credential)
    return session


def identity_of(session: ResolvedSession) -> Identity:
    """Who created the token."""
    return _identity(
        session.company,
        session.company_id,
        session.access_key_id,
        session.access_key_version,
        session.token_id,
        session.expires_at,
        session.credential_expires_at,
    )


@lru_cache(maxsize=4096)
def _identity(
    company: str,
    company_id: str,
    access_key_id: str,
    version: int | None,
    token_id: str,
    expires_at: int,
    credential_expires_at: float | None,
) -> Identity:
    """Of what each call with a token resolves anew, this is always the same, and no secret."""
    depends_on = {company_id, access_key_id, token_id} - {""}
    if version is not None:
        depends_on.add(credential_version_id(access_key_id, version))
    return Identity(
        kind=KIND,
        company=company,
        credential=access_key_id,
        subject=company,
        company_id=company_id,
        depends_on=frozenset(depends_on),
        expires_at=expires_at,
        version=version or 0,
        expiry_line=expiry_line(credential_expires_at),
    )


async def resolve_for(sessions: Sessions, route: Route, head: RequestHead, target: Target) -> ResolvedCall:
    """What the session token of the request stands for. Raises as `resolve` does, and `NoCredential`."""
    token = read_session_token(head, target.query, merges=route.merge_query)
    peek = head.method == "HEAD"
    session = await resolve(sessions, token, peek=peek, defer_use=True)
    others = without_session_token(target.query) if route.merge_query else ()
    found = Target(target.path, query_of(session.parameters, others) or None)
    take_use = partial(resolve, sessions, token) if session.use_deferred and not peek else None
    return ResolvedCall(identity_of(session), found, take_use)


def _refused(session: RefusedSession, credential: SessionToken) -> RefusedCredential:
    """With the access key that created it, where the session tokens' service knows it."""
    of_form = session.cause in ("wrong_kind", "malformed")
    if of_form and (kind := claimed_prefix(credential.token) or known_by_form(credential.token)):
        return RefusedCredential.of_another_kind(kind, EXPECTED_SESSION_TOKEN)
    refused = RefusedCredential(session.cause, noted=session.noted)
    if session.access_key_id:
        refused.kind, refused.credential, refused.version = KIND, session.access_key_id, session.access_key_version
        refused.company_id, refused.company = session.company_id or None, session.company
    return refused
