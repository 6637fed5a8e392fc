"""Resolving session tokens: the stored parameters take the place of the caller's query."""

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import quote

from gateway.credentials.expiry import expiry_line
from gateway.credentials.extract import SessionToken, read_session_token, without_session_token
from gateway.credentials.identity import Identity, RefusedCredential
from gateway.http1.fields import folded
from gateway.http1.request_head import RequestHead
from gateway.routing.table import Route
from gateway.routing.target import Target
from shared.contracts.session_tokens import RefusedSession, ResolvedSession

KIND = "session_token"


class Sessions(Protocol):
    async def resolve(self, token: str, *, peek: bool = False) -> ResolvedSession | RefusedSession: ...


async def resolve(
    sessions: Sessions, credential: SessionToken, *, peek: bool = False
) -> tuple[Identity, dict[str, str]]:
    """Who created the token, and the parameters that it stands for. Each call counts as one use, but for a `peek`.

    Raises `RefusedCredential`, or `Unavailable` when it cannot be known.
    """
    session = await sessions.resolve(credential.token, peek=peek)
    if isinstance(session, RefusedSession):
        raise _refused(session)
    identity = Identity(
        kind=KIND,
        company=session.company,
        credential=session.access_key_id,
        subject=session.company,
        company_id=session.company_id,
        depends_on=session.depends_on,
        expires_at=session.expires_at,
        version=session.access_key_version or 0,
        expiry_line=expiry_line(session.credential_expires_at),
    )
    return identity, session.parameters


async def resolve_for(
    sessions: Sessions, route: Route, head: RequestHead, target: Target
) -> tuple[Identity, Target]:
    """Who created the session token of the request, and the target that the upstream gets.

    Raises as `resolve` does, and `NoCredential`.
    """
    token = read_session_token(head, target.query)
    identity, stored = await resolve(sessions, token, peek=head.method == "HEAD")
    others = without_session_token(target.query) if route.merge_query else ()
    return identity, Target(target.path, query_of(stored, others) or None)


def _refused(session: RefusedSession) -> RefusedCredential:
    """With the access key that created it, where the session tokens' service knows it."""
    refused = RefusedCredential(session.cause, noted=session.known)
    if session.access_key_id:
        refused.kind, refused.subject, refused.version = KIND, session.access_key_id, session.access_key_version
        refused.company_id, refused.company = session.company_id or None, session.company
    return refused


def query_of(stored: dict[str, str], others: Sequence[tuple[str, str]] = ()) -> str:
    """The query that holds what is stored, exactly and in its order, and after it what of `others` is not stored.

    A name that an upstream may take for a stored one counts as stored.
    """
    taken = {folded(name) for name in stored}
    added = [(name, value) for name, value in others if name not in stored and folded(name) not in taken]
    return "&".join(f"{_escape(name)}={_escape(value)}" for name, value in (*stored.items(), *added))


def _escape(text: str) -> str:
    return quote(text, safe="")
