"""May the next key sign? By what the gateways report, and by how long it has been published."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.token_issuer.signing_keys.states import KeyState, KeyStates
from shared.contracts.signing_keys import GatewayKeys

STUCK_AFTER_S = 60.0
"""Seconds that a key waits beyond the time for which it has to be published before its rotation counts as stuck."""
NAMED_GATEWAYS = 5
"""How many gateways a message names at most."""


@dataclass(frozen=True, slots=True)
class RolloutTimes:
    """Both in seconds."""

    publication: float
    """For how long a key is published at least before it signs: for verifiers that report nothing."""
    emergency_wait: float
    """For how long the successor of a revoked key waits at most for gateways that do not report having it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the next key is. Durations are in seconds."""

    kid: str
    urgent: bool
    """No key signs, since that which did was revoked: nothing is issued until this one does."""
    waited: float
    """Since it was published, or since the revocation that made it urgent."""
    needed: float
    """How long it waits at least, whoever has it; of an urgent one, at most."""
    gateways: int | None
    """How many processes of the gateway count; None: not known, as the registry is unavailable."""
    lacking: tuple[str, ...] = ()
    """Those that do not report having the key."""

    @property
    def confirmed(self) -> bool:
        """Whether every gateway has it."""
        return bool(self.gateways) and not self.lacking

    @property
    def may_sign(self) -> bool:
        """Never while it is not known what the gateways have."""
        if self.gateways is None:
            return False
        if self.urgent and self.confirmed:
            return True
        return self.waited >= self.needed and (self.urgent or not self.lacking)

    @property
    def stuck(self) -> bool:
        return not self.may_sign and self.waited >= self.needed + STUCK_AFTER_S

    def __str__(self) -> str:
        """What it waits for."""
        if self.gateways is None:
            return "which gateways have it is not known: the key registry is unavailable"
        if self.lacking:
            named = ", ".join(self.lacking[:NAMED_GATEWAYS])
            more = len(self.lacking) - NAMED_GATEWAYS
            return (
                f"{self.gateways - len(self.lacking)} of {self.gateways} gateway processes have it; without it: "
                f"{named}{f' and {more} more' if more > 0 else ''}"
            )
        left = max(0.0, self.needed - self.waited)
        have = f"all {self.gateways} gateway processes have it" if self.gateways else "no gateway is known"
        return have if self.may_sign else f"{have}; it signs in {left:.0f} s"


def progress_of(
    keys: KeyStates, gateways: Sequence[GatewayKeys] | None, now: float, times: RolloutTimes
) -> Progress | None:
    """None when no key waits to sign. `gateways` is None when it is not known what they have."""
    pending = keys.pending
    if pending is None:
        return None
    urgent = keys.signing is None
    since = pending.published_at
    if urgent:
        revoked = (record.revoked_at or 0.0 for record in keys.having(KeyState.REVOKED))
        since = max(since, *revoked, 0.0)
    return Progress(
        kid=pending.kid,
        urgent=urgent,
        waited=max(0.0, now - since),
        needed=times.emergency_wait if urgent else times.publication,
        gateways=None if gateways is None else len(gateways),
        lacking=tuple(each.instance for each in gateways or () if pending.kid not in (each.kids or ())),
    )
