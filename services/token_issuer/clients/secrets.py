"""The secrets of an API client: which of them was presented."""

import hmac
from collections.abc import Sequence

from shared.contracts.key_registry import ApiClient, ClientSecret
from shared.opaque import digest

_NO_SECRET = ClientSecret(version=0, digest=bytes(32).hex(), revoked=True)
"""Compared with where there is none, so that this takes as long."""


def presented(record: ApiClient | None, secret: str) -> ClientSecret | None:
    """Which of the client's secrets `secret` is, working or not; None when it is none of them."""
    given = digest(secret).hex()
    matching = [known for known in _secrets(record) if hmac.compare_digest(known.digest, given)]
    return matching[0] if matching else None


def _secrets(record: ApiClient | None) -> Sequence[ClientSecret]:
    if record is None:
        return (_NO_SECRET,)
    # A registry of the release before knows one secret alone.
    return record.secrets or (ClientSecret(version=1, digest=record.secret_digest),)
