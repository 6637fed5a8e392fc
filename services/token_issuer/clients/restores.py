"""Assertions that may have been used before a restore: which `jti`s were, is not known any more."""

import math
from collections.abc import Callable

from shared.clock import Clock
from shared.errors import Unavailable


class RestoreCutoff:
    """`restored_at` is when the registry last found a restore, in seconds since the epoch; None: never.

    An assertion that was accepted before that was issued at most `leeway` seconds after it.
    """

    def __init__(self, restored_at: Callable[[], float | None], clock: Clock, *, leeway: float) -> None:
        self._restored_at = restored_at
        self._clock = clock
        self._leeway = leeway

    def may_have_been_used(self, issued_at: float) -> bool:
        """Whether an assertion with a `jti` can have been used before a restore.

        Raises `Unavailable` while that is so of each that is issued now.
        """
        restored_at = self._restored_at()
        if restored_at is None or issued_at >= restored_at + self._leeway:
            return False
        wait = restored_at + self._leeway - self._clock.now()
        if wait > 0:
            raise Unavailable(
                "after a restore, assertions with a jti are accepted again in a moment; sign a new one then",
                retry_after=math.ceil(wait),
            )
        return True
