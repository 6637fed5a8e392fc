"""The issuer's own keys and their life: published, then active, then retired, then gone.

A phase follows from the times at which the keys start to sign, and from nothing else, so that all copies agree
without talking. The active key is the one that started last. A key is published before it starts, for long enough
that every verifier has it, and stays published after its successor started until its last token is dead. Where
none has started yet, the one that starts first is active at once: there is no older one to sign, and a clock that
is a little behind must not keep all tokens back.
"""

from collections.abc import Sequence
from enum import StrEnum
from itertools import zip_longest

from services.token_issuer.storage.ports import SigningKeyRecord

RETIREMENT_MARGIN_S = 300.0
"""Seconds that a retired key outlives the last `exp`: verifiers' leeway, copies slow to learn of the successor."""


class Phase(StrEnum):
    PUBLISHED = "published"
    ACTIVE = "active"
    RETIRED = "retired"
    GONE = "gone"


def phases(records: Sequence[SigningKeyRecord], now: float, token_lifetime: float) -> dict[str, Phase]:
    """The phase of each key by its kid."""
    found = {record.kid: Phase.GONE for record in records if record.revoked_at is not None}
    living = sorted(
        (record for record in records if record.revoked_at is None), key=lambda r: (r.activates_at, r.kid)
    )
    for record, successor in zip_longest(living, living[1:]):
        if record.activates_at > now and record is not living[0]:
            phase = Phase.PUBLISHED
        elif successor is None or successor.activates_at > now:
            phase = Phase.ACTIVE
        elif now < successor.activates_at + token_lifetime + RETIREMENT_MARGIN_S:
            phase = Phase.RETIRED
        else:
            phase = Phase.GONE
        found[record.kid] = phase
    return found
