"""The secrets of an API client: which of them was presented, and what came where none of them did."""

import hmac
from collections.abc import Sequence
from typing import NamedTuple

from shared.audit.mismatch import SOMETHING_BESIDE, Mismatch, begins_with
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

CLIENT_SECRET = "the secret of an API client"
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


class Fault(NamedTuple):
    """What is wrong by the text's own form: nothing is looked up, and nobody but the trace is told."""

    cause: str
    mismatch: Mismatch | None = None


def fault_of_key(key: str) -> Fault:
    """Of a key that no client has."""
    prefix = claimed_prefix(key)
    if prefix == f"{API_CLIENT_SECRET}_":
        return Fault("swapped", Mismatch(prefix))
    if of_another_kind(API_CLIENT_KEY, key):
        return Fault("wrong_kind", Mismatch(prefix, expected="the key of an API client"))
    if prefix and not well_formed_id(API_CLIENT_KEY, key):
        return Fault("malformed", Mismatch(prefix))
    return Fault("unknown_client")


def fault_of_secret(secret: str) -> Fault:
    """Of a text that is none of the client's secrets."""
    if well_formed(API_CLIENT_SECRET, secret):
        return Fault("wrong_secret", Mismatch(found="a whole secret, which is none of this client's"))
    if find_in(secret) not in ([], [secret]):
        return Fault("malformed", Mismatch(found=SOMETHING_BESIDE))
    if of_another_kind(API_CLIENT_SECRET, secret):
        prefix = claimed_prefix(secret)
        return Fault("wrong_kind", Mismatch(prefix, found=begins_with(prefix), expected=CLIENT_SECRET))
    return Fault("malformed", Mismatch(found="no whole secret: its form or its check value does not fit"))
