"""Which key an emergency is about, and what it stops to revoke that."""

import time
from collections.abc import Iterator

from services.token_issuer.signing_keys.states import KeyState, KeyStates
from services.token_issuer.storage.ports import SigningKeyRecord
from shared.contracts.signing_keys import MAX_COUNTED_TOKENS

JUST_REPLACED_S = 600.0
"""Seconds after an emergency rotation in which another one has to name the key that it is about."""


class Refused(Exception):
    """What was requested is not done."""


def key_to_end(keys: KeyStates, kid: str) -> SigningKeyRecord | None:
    """The key that signs, which `kid` has to be where it is given; None when it is revoked already.

    Raises `Refused`.
    """
    if not keys.records:
        raise Refused("there is no signing key")
    if not kid or keys.signing is None or keys.signing.kid == kid:
        return keys.signing
    if keys.states.get(kid) is KeyState.REVOKED:
        return None
    raise Refused(
        f"{kid} is not the key that signs, which is {keys.signing.kid}: "
        f"`revoke-signing-key {kid}` ends it without a rotation"
    )


def just_replaced(keys: KeyStates, now: float) -> SigningKeyRecord | None:
    """The key whose revocation brought about the one that signs, if that was at most `JUST_REPLACED_S` ago."""
    since = None if keys.signing is None else keys.signing.signing_since
    if since is None or now - since >= JUST_REPLACED_S:
        return None
    return max(
        (
            record
            for record in keys.having(KeyState.REVOKED)
            if record.signing_since is not None and record.retiring_since is None
            if (record.revoked_at or 0.0) <= since
        ),
        key=lambda record: record.revoked_at or 0.0,
        default=None,
    )


def what_stops(
    doomed: SigningKeyRecord, token_lifetime: float, emergency_wait: float, live: int | None
) -> Iterator[str]:
    """In lines for an operator, who is asked then. Both times are in seconds.

    `live` is how many tokens of the key have not expired; None: not known.
    """
    if live is None:
        known = "how many are live cannot be known now"
    else:
        more = " or more" if live >= MAX_COUNTED_TOKENS else ""
        known = f"{live:,}{more} of them {'is' if live == 1 else 'are'} live"
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(doomed.signing_since or 0.0))
    yield f"{doomed.kid} ({doomed.algorithm}) has signed since {since}. To revoke it stops:"
    yield f"- every access token of the last {token_lifetime:g} s: refused everywhere within a second"
    yield f"  ({known});"
    yield "  whoever holds one has to request another"
    yield "- new access tokens, until every gateway has the next key: 503 with Retry-After,"
    yield f"  for {emergency_wait:g} s at most"
    yield "It does not stop API tokens, session tokens, access keys, API clients and key pairs."
