"""The issuer's own keys and their life: published, then active, then retired, then gone.

A phase follows from the times at which the keys start to sign, and from nothing else, so that all copies agree
without talking. The active key is the one that started last. A key is published before it starts, for long enough
that every verifier has it, and stays published after its successor started until its last token is dead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import Any

from services.token_issuer.signing_keys.sealing import MasterKey
from shared.jose.keys import generate_private_key, private_pem, public_jwk
from shared.opaque import public_id

KID_PREFIX = "sk"
RETIREMENT_MARGIN_S = 300.0
"""Seconds that a retired key outlives the last `exp`: verifiers' leeway, copies slow to learn of the successor."""


class Phase(StrEnum):
    PUBLISHED = "published"
    ACTIVE = "active"
    RETIRED = "retired"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class SigningKeyRecord:
    """A signing key at rest. Times are seconds since the epoch."""

    kid: str
    algorithm: str
    public_jwk: dict[str, Any]
    sealed: bytes
    """The private key as PKCS#8 PEM under the master key."""
    activates_at: float
    revoked_at: float | None = None


def make_key(master_key: MasterKey, *, algorithm: str, bits: int | None, activates_at: float) -> SigningKeyRecord:
    """A new key. Blocks, for RSA up to seconds: call it in a thread."""
    private = generate_private_key(algorithm, bits)
    kid = public_id(KID_PREFIX)
    return SigningKeyRecord(
        kid=kid,
        algorithm=algorithm,
        public_jwk=public_jwk(private.public_key(), kid, algorithm),
        sealed=master_key.seal(kid, private_pem(private).encode("ascii")),
        activates_at=activates_at,
    )


def phases(records: Sequence[SigningKeyRecord], now: float, token_lifetime: float) -> dict[str, Phase]:
    """The phase of each key by its kid."""
    found = {record.kid: Phase.GONE for record in records if record.revoked_at is not None}
    living = sorted(
        (record for record in records if record.revoked_at is None), key=lambda r: (r.activates_at, r.kid)
    )
    for record, successor in zip_longest(living, living[1:]):
        if record.activates_at > now:
            phase = Phase.PUBLISHED
        elif successor is None or successor.activates_at > now:
            phase = Phase.ACTIVE
        elif now < successor.activates_at + token_lifetime + RETIREMENT_MARGIN_S:
            phase = Phase.RETIRED
        else:
            phase = Phase.GONE
        found[record.kid] = phase
    return found
