"""What an assertion may name as its audience (`aud`)."""

from collections.abc import Iterable

from services.token_issuer.metadata import INTROSPECTION_PATH, REVOCATION_PATH, TOKEN_PATH

_PATHS = ("", TOKEN_PATH, INTROSPECTION_PATH, REVOCATION_PATH, "/auth/token", "/iam/oauth/token")


def of_client_assertions(issuer: str) -> frozenset[str]:
    """Of those that authenticate a client: the issuer or one of its endpoints, whatever the configuration says."""
    return frozenset(issuer + path for path in _PATHS)


def of_grants(issuer: str, configured: Iterable[str]) -> frozenset[str]:
    """Of those that are exchanged for a token: the `configured` ones as well."""
    return of_client_assertions(issuer) | set(configured)
