"""The secrets of an API client: which of them was presented, and what came where none of them did."""

import hmac
from collections.abc import Sequence
from typing import NamedTuple

from shared.audit.mismatch import Mismatch, begins_with, known_by_form
from shared.contracts.key_registry import ApiClient, ClientSecret
from shared.opaque import (
    API_CLIENT_KEY,
    API_CLIENT_SECRET,
    claimed_prefix,
    digest,
    find_in,
    of_another_kind,
    well_formed,
    well_formed_id,
)

CLIENT_KEY = "the key of an API client"
CLIENT_SECRET = "the secret of an API client"
KEY_AND_SECRET = f"{CLIENT_KEY}, then a colon and its secret"
"""What is expected, in the words of traces, where something else came in its place."""
_NO_SECRET = ClientSecret(version=0, digest=bytes(32).hex(), revoked=True)
"""Compared with where there is none, so that this takes as long."""


def presented_secret(record: ApiClient | None, secret: str) -> ClientSecret | None:
    """Which of the client's secrets `secret` is, working or not; None when it is none of them."""
    given = digest(secret).hex()
    matching = [known for known in _secrets(record) if hmac.compare_digest(known.digest, given)]
    return matching[0] if matching else None


def _secrets(record: ApiClient | None) -> Sequence[ClientSecret]:
    if record is None:
        return (_NO_SECRET,)
    # A registry of the release before knows one secret alone.
    return record.secrets or (ClientSecret(version=1, digest=record.secret_digest),)


class CredentialFault(NamedTuple):
    """Why a client was not authenticated, for log and trace alone: its sender is told the same of every cause."""

    cause: str
    mismatch: Mismatch | None = None


NO_SECRET = CredentialFault("no_secret", Mismatch(found="a key, and no secret", expected=CLIENT_SECRET))
"""Of a key that came alone, or with a secret that is empty, as that of a variable is which is not set."""


def fault_of_key(key: str) -> CredentialFault:
    """Of a key that no client has, by its own form."""
    prefix = claimed_prefix(key)
    if prefix == f"{API_CLIENT_SECRET}_":
        return CredentialFault("swapped", Mismatch(prefix, expected=KEY_AND_SECRET))
    if of_another_kind(API_CLIENT_KEY, key):
        return CredentialFault("wrong_kind", Mismatch(prefix, expected=CLIENT_KEY))
    if found := known_by_form(key):
        return CredentialFault("wrong_kind", Mismatch(found=found, expected=CLIENT_KEY))
    if prefix and not well_formed_id(API_CLIENT_KEY, key):
        return CredentialFault("malformed", Mismatch(prefix))
    return CredentialFault("unknown_client")


def fault_of_secret(secret: str) -> CredentialFault:
    """Of a text that is none of the client's secrets, by its own form."""
    if well_formed(API_CLIENT_SECRET, secret):
        return CredentialFault("wrong_secret", Mismatch(found="a whole secret, which is none of this client's"))
    if find_in(secret) not in ([], [secret]):
        return CredentialFault("more_than_secret", Mismatch(found="a whole secret with something else beside it"))
    if of_another_kind(API_CLIENT_SECRET, secret):
        prefix = claimed_prefix(secret)
        mismatch = Mismatch(prefix, found=begins_with(prefix), expected=CLIENT_SECRET)
        return CredentialFault("wrong_kind", mismatch)
    if found := known_by_form(secret):
        return CredentialFault("wrong_kind", Mismatch(found=found, expected=CLIENT_SECRET))
    return CredentialFault("malformed", Mismatch(found="no whole secret: its form or its check value does not fit"))
