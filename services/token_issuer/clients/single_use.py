"""An assertion with a `jti` is accepted once (RFC 7523 section 3)."""

import hashlib
from collections.abc import Callable

from services.token_issuer.clients.restores import RestoreCutoff
from services.token_issuer.storage.ports import UsedAssertions
from shared.clock import Clock
from shared.jose.verifier import Claims

JTI_USED = "jti_used"
"""Of an assertion that `SingleUse.use` says no to: for the log and the audit trail."""


class SingleUse:
    """Both raise `Unavailable`. `kid` is that of the key pair that signed."""

    def __init__(
        self,
        used: UsedAssertions,
        restored_at: Callable[[], float | None],
        clock: Clock,
        *,
        leeway: float,
    ) -> None:
        """`restored_at`, `leeway`: see `RestoreCutoff`."""
        self._used = used
        self._cutoff = RestoreCutoff(restored_at, clock, leeway=leeway)

    async def use(self, kid: str, claims: Claims) -> bool:
        """Whether this is the first use of the `jti` with this key; always so without one.

        One that may have been used before a restore counts as used.
        """
        if claims.jti is None:
            return True
        first = await self._used.use(kid, _jti_digest(claims.jti), claims.expires_at)
        # Afterwards: by then it is known of the very table that was used whether it was restored.
        return first and not self._cutoff.may_have_been_used(claims.issued_at or 0.0)

    async def was_used(self, kid: str, jti: str) -> bool:
        """Whether the `jti` was used with this key; it is not used up by this."""
        return await self._used.was_used(kid, _jti_digest(jti))


def _jti_digest(jti: str) -> bytes:
    return hashlib.sha256(jti.encode("ascii")).digest()
