"""Routes that accept more than one kind of credential: which of them a request presents."""

from gateway.credentials.extract import EXPECTED_API_TOKEN, EXPECTED_SESSION_TOKEN, NoCredential, query_parameters
from gateway.http1.request_head import RequestHead
from gateway.routing.credential_kinds import (
    API_TOKEN_FIELD,
    CLIENT_PREFIX_FIELD,
    SESSION_TOKEN_FIELD,
    SESSION_TOKEN_PARAMETER,
    CredentialKind,
)
from gateway.routing.table import Route

_CHALLENGES = {
    CredentialKind.JWT: ("Bearer", "a bearer token (Authorization)"),
    CredentialKind.API_TOKEN: ("ApiToken", EXPECTED_API_TOKEN),
    CredentialKind.SESSION_TOKEN: ("SessionToken", EXPECTED_SESSION_TOKEN),
}
"""The scheme in `WWW-Authenticate`, and what a problem calls it. Only the first is a registered one."""


class AmbiguousCredential(Exception):
    """Credentials of more than one kind (RFC 6750 section 2: not more than one method in a request).

    Whichever counted here, an upstream or a proxy might take the other for the caller's.
    """

    def __init__(self, kinds: list[CredentialKind]) -> None:
        super().__init__("ambiguous_credential")
        named = " and ".join(_CHALLENGES[kind][1] for kind in kinds)
        self.description = f"send one credential: the request holds {named}"


def choose(route: Route, head: RequestHead, query: str | None) -> Route:
    """The alternative of `route` whose kind the request presents, be what it presents valid or not.

    Raises `NoCredential` when it presents none, `AmbiguousCredential` when more than one, and `MalformedQuery`
    when that cannot be known.
    """
    presented = [one for one in route.alternatives if _presents(one.credential, route.kinds, head, query)]
    if not presented:
        raise _nothing(route.kinds)
    if len(presented) > 1:
        raise AmbiguousCredential([one.credential for one in presented])
    return presented[0]


def _presents(
    kind: CredentialKind, accepted: tuple[CredentialKind, ...], head: RequestHead, query: str | None
) -> bool:
    """Whether there is anything of this kind.

    `X-Api-Token` carries an API token and a session token; where both are accepted, `X-Client-Prefix`, which goes
    with an API token alone, distinguishes them.
    """
    if kind is CredentialKind.JWT:
        return head.authorization is not None
    has_prefix = head.first(CLIENT_PREFIX_FIELD) is not None
    if kind is CredentialKind.API_TOKEN:
        alone = CredentialKind.SESSION_TOKEN not in accepted
        return has_prefix or (alone and head.first(API_TOKEN_FIELD) is not None)
    alone = CredentialKind.API_TOKEN not in accepted
    if (alone or not has_prefix) and head.first(SESSION_TOKEN_FIELD) is not None:
        return True
    return any(name == SESSION_TOKEN_PARAMETER for name, _ in query_parameters(query))


def _nothing(kinds: tuple[CredentialKind, ...]) -> NoCredential:
    return NoCredential(
        description=f"a credential is required: {what_to_send(kinds)}",
        challenge=", ".join(_CHALLENGES[kind][0] for kind in kinds),
    )


def what_to_send(kinds: tuple[CredentialKind, ...]) -> str:
    """What a caller has to send, and where."""
    return " or ".join(_CHALLENGES[kind][1] for kind in kinds)
