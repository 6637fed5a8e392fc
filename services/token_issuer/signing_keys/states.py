"""The issuer's own keys and their life: published, confirmed, signing, retiring, retired; or revoked.

A key is published before it signs, and begins to sign once every gateway has reported having it. From then on the
key that signed before is retiring: it stays published until its last token has expired. All of it is in the store,
so that all copies of the issuer agree without talking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from services.token_issuer.storage.ports import SigningKeyRecord

RETIREMENT_MARGIN_S = 300.0
"""Seconds that a key stays published after the last `exp`: verifiers' leeway, copies slow to learn of its end."""


class KeyState(StrEnum):
    PUBLISHED = "published"
    CONFIRMED = "confirmed"
    SIGNING = "signing"
    RETIRING = "retiring"
    RETIRED = "retired"
    REVOKED = "revoked"


PENDING = frozenset({KeyState.PUBLISHED, KeyState.CONFIRMED})
IN_USE = PENDING | {KeyState.SIGNING, KeyState.RETIRING}
"""The states of the keys that the key set shows."""


@dataclass(frozen=True, slots=True)
class KeyStates:
    """All keys of the store, and the state of each by its kid."""

    records: Sequence[SigningKeyRecord] = ()
    states: Mapping[str, KeyState] = field(default_factory=dict)

    def of(self, record: SigningKeyRecord) -> KeyState:
        return self.states[record.kid]

    def having(self, *states: KeyState) -> list[SigningKeyRecord]:
        return [record for record in self.records if self.of(record) in states]

    @property
    def signing(self) -> SigningKeyRecord | None:
        return next(iter(self.having(KeyState.SIGNING)), None)

    @property
    def pending(self) -> SigningKeyRecord | None:
        """The key that is to sign next; the oldest, where there are several."""
        return min(self.having(*PENDING), key=lambda record: (record.published_at, record.kid), default=None)


def key_states(records: Sequence[SigningKeyRecord], now: float, token_lifetime: float) -> KeyStates:
    """`now` decides only whether a retiring key is retired."""
    living = [record for record in records if record.revoked_at is None]
    started = sorted(
        (record for record in living if record.signing_since is not None and record.retiring_since is None),
        key=lambda record: (record.signing_since or 0.0, record.kid),
    )
    signing = started[-1].kid if started else None
    return KeyStates(
        records,
        {record.kid: _state(record, signing, retires_at(record, token_lifetime), now) for record in records},
    )


def retires_at(record: SigningKeyRecord, token_lifetime: float) -> float | None:
    """When the last token of a retiring key has expired everywhere; None while it is not retiring."""
    if record.retiring_since is None:
        return None
    return record.retiring_since + token_lifetime + RETIREMENT_MARGIN_S


def _state(record: SigningKeyRecord, signing: str | None, retires: float | None, now: float) -> KeyState:
    if record.revoked_at is not None:
        return KeyState.REVOKED
    if record.signing_since is None:
        return KeyState.PUBLISHED if record.confirmed_at is None else KeyState.CONFIRMED
    if record.kid == signing:
        return KeyState.SIGNING
    return KeyState.RETIRED if retires is not None and now >= retires else KeyState.RETIRING
