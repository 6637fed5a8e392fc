"""Deletes what can concern no assertion and no token any more."""

from collections.abc import Callable

from services.token_issuer.clients.assertion_pruning import delete_expired
from services.token_issuer.clients.assertions import ASSERTION_LEEWAY_S
from services.token_issuer.signing_keys.rotation import KeyRotator
from services.token_issuer.storage.ports import UsedAssertions
from shared.clock import Clock

USED_JTI_RETENTION_S = ASSERTION_LEEWAY_S + 245.0
"""Seconds after `exp` for which a used id is kept: no copy's clock may still take the assertion for a live one."""


async def prune(
    used: UsedAssertions, rotator: KeyRotator, clock: Clock, compared: Callable[[], bool], *, token_lifetime: float
) -> None:
    """Deletes what can concern no assertion and no token any more; nothing before the clock was `compared`.

    The keys are cleared away also when the ids cannot be. Raises `Unavailable`.
    """
    if compared():
        try:
            await delete_expired(used, clock.now() - USED_JTI_RETENTION_S, clock)
        finally:
            await rotator.clear_away(clock.now(), token_lifetime=token_lifetime)
